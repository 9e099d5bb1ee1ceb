// The C++ library: maps, strings, sorting with a lambda, streams.

#include "program.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string name(uint64_t number)
{
    std::ostringstream out;
    out << "key-" << number % 100 << '/' << std::hex << number;
    return out.str();
}

} // namespace

int main(int argc, char **argv)
{
    long size = argument(argc, argv, 1, 200);
    std::map<std::string, long> counts;
    uint64_t state = 19;
    for (long i = 0; i < size; i++)
        counts[name(next_random(&state) % static_cast<uint64_t>(size / 2 + 1))] += i;

    std::vector<std::pair<std::string, long>> entries(counts.begin(), counts.end());
    std::sort(entries.begin(), entries.end(), [](const auto &left, const auto &right) {
        return left.second != right.second ? left.second > right.second
                                           : left.first < right.first;
    });

    uint64_t sum = MIX_START;
    std::stringstream text;
    for (const auto &entry : entries)
        text << entry.first << ' ' << entry.second << '\n';
    std::string key;
    for (long value; text >> key >> value;) {
        for (unsigned char c : key)
            sum = mix(sum, c);
        sum = mix(sum, static_cast<uint64_t>(value));
    }
    std::cout << entries.size() << " entries, first " << entries.front().first << '\n'
              << "containers " << std::hex << sum << std::endl;
    return 0;
}
