// stdin: 12 0x1f word 2.75\nwhole line here\nend
/* iostream: formats, files, strings. */
#include <fstream>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>

struct Point { int x, y; };
static std::ostream &operator<<(std::ostream &out, const Point &p) { return out << '(' << p.x << ", " << p.y << ')'; }
static std::istream &operator>>(std::istream &in, Point &p) { char c; return in >> c >> p.x >> c >> p.y >> c; }

int main() {
    int number;
    std::string word, line;
    double real;
    std::cin >> number >> std::hex >> std::ws;
    int hexadecimal;
    std::cin >> hexadecimal >> std::dec >> word >> real;
    std::getline(std::cin, line);
    std::getline(std::cin, line);
    std::cout << number << ' ' << hexadecimal << ' ' << word << ' ' << real << " [" << line << "]\n";
    std::cout << std::setw(8) << 42 << '|' << std::left << std::setw(8) << 42 << '|' << std::setfill('*')
              << std::right << std::setw(8) << -42 << '|' << std::internal << std::setw(8) << -42 << '\n';
    std::cout << std::hex << std::showbase << 255 << ' ' << std::oct << 8 << ' ' << std::dec << std::uppercase
              << std::hex << 0xbeef << std::dec << std::nouppercase << '\n';
    std::cout << std::boolalpha << true << ' ' << std::showpos << 5 << std::noshowpos << '\n';
    for (double value : {0.0, 1.0 / 3, 1e10, 1e-10, 123456789.0, -2.5e300}) {
        std::cout << std::defaultfloat << value << ' ' << std::fixed << std::setprecision(3) << (value > 1e20 || value < -1e20 ? 0 : value)
                  << ' ' << std::scientific << value << ' ' << std::hexfloat << value << std::setprecision(6) << '\n';
    }
    std::cout << std::defaultfloat << std::numeric_limits<double>::infinity() << ' '
              << std::numeric_limits<float>::denorm_min() << ' ' << std::numeric_limits<long>::min() << '\n';
    std::ostringstream out;
    out << Point{1, -2} << std::put_time(new std::tm{}, "%Y");
    std::cout << out.str() << '\n';
    Point point{};
    std::istringstream in("(30, 40) rest");
    in >> point >> word;
    std::cout << point << word << in.eof() << in.fail() << '\n';
    in.clear();
    in.str("not a number");
    in >> number;
    std::cout << number << in.fail() << '\n';
    {
        std::ofstream file("file.txt");
        for (int i = 0; i < 100; i++) file << i << ' ' << i * 0.5 << '\n';
    }
    std::fstream file("file.txt", std::ios::in | std::ios::out | std::ios::ate);
    std::cout << file.tellg() << '\n';
    file << "last\n";
    file.seekg(0);
    double sum = 0;
    int index;
    while (file >> index >> real) sum += index * real;
    std::cout << sum << file.eof() << '\n';
    std::ifstream missing("missing");
    std::cout << missing.is_open() << !missing << '\n';
    std::cerr << "to standard error " << 1.5 << '\n';
    std::cin >> word;
    std::cout << word << std::cin.eof() << std::endl;
}
