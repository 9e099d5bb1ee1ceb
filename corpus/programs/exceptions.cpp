// Escapes by unwinding: exceptions thrown through frames with destructors, and rethrown.

#include "program.h"

#include <stdexcept>
#include <string>

namespace {

long destroyed = 0;

struct Guard {
    long weight;
    explicit Guard(long weight) : weight(weight) {}
    ~Guard() { destroyed += weight; }
};

class Odd : public std::runtime_error {
public:
    explicit Odd(long number) : std::runtime_error("odd " + std::to_string(number)), number(number)
    {
    }
    long number;
};

__attribute__((noinline)) long descend(long number, int depth)
{
    Guard guard(depth);
    if (depth == 0) {
        if (number % 3 == 0)
            throw std::out_of_range("a multiple of three");
        if (number % 2 == 1)
            throw Odd(number);
        return number;
    }
    try {
        return descend(number, depth - 1) + 1;
    } catch (const Odd &odd) {
        if (depth % 4 != 3)
            throw;
        return -odd.number;
    }
}

} // namespace

int main(int argc, char **argv)
{
    long rounds = argument(argc, argv, 1, 50);
    long sum = 0, caught = 0;
    for (long i = 0; i < rounds; i++) {
        try {
            sum += descend(i, static_cast<int>(i % 10));
        } catch (const Odd &odd) {
            caught += odd.number;
        } catch (const std::exception &error) {
            caught += error.what()[0];
        }
    }
    printf("exceptions %ld %ld %ld\n", sum, caught, destroyed);
    return 0;
}
