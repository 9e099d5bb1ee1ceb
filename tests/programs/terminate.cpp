/* An exception that nobody catches ends the program by SIGABRT. */
#include <iostream>
#include <stdexcept>

struct Global {
    Global() { std::cout << "begin" << std::endl; }
    ~Global() { std::cout << "never printed" << std::endl; }
};
static Global global;

int main() {
    throw std::runtime_error("nobody catches this");
}
