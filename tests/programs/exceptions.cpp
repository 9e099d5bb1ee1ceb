/* C++ exceptions across frames, objects and kinds. */
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

static int alive, destroyed;
struct Guard {
    int number;
    explicit Guard(int n) : number(n) { alive++; }
    Guard(const Guard &other) : number(other.number) { alive++; }
    ~Guard() { alive--; destroyed = destroyed * 7 % 1000003 + number; }
};

struct Base { virtual ~Base() = default; virtual const char *name() const { return "base"; } };
struct Left : virtual Base { const char *name() const override { return "left"; } };
struct Right : virtual Base { const char *name() const override { return "right"; } };
struct Both : Left, Right { const char *name() const override { return "both"; } };

__attribute__((noinline)) static int descend(int depth, int kind, double keep) {
    Guard guard(depth);
    volatile char frame[40];
    frame[0] = static_cast<char>(depth);
    if (depth == 0) {
        switch (kind % 7) {
        case 0: throw kind;
        case 1: throw std::runtime_error("runtime " + std::to_string(kind));
        case 2: throw Both();
        case 3: throw "text";
        case 4: throw std::make_unique<int>(kind);
        case 5: throw 2.5;
        default: return kind;
        }
    }
    int result = descend(depth - 1, kind, keep * 1.5);
    return result + guard.number + frame[0] + static_cast<int>(keep);
}

static int catching(int depth, int kind) {
    try {
        return descend(depth, kind, 0.5);
    } catch (int value) {
        return value + 1;
    } catch (const std::exception &error) {
        return static_cast<int>(std::string(error.what()).size());
    } catch (const Base &base) {
        return base.name()[0];
    } catch (const char *text) {
        return text[1];
    } catch (const std::unique_ptr<int> &pointer) {
        return *pointer + 2;
    } catch (...) {
        return -1;
    }
}

static void rethrowing() {
    try {
        try {
            throw std::out_of_range("inner");
        } catch (const std::logic_error &) {
            Guard guard(1);
            throw;
        }
    } catch (const std::out_of_range &error) {
        std::printf("rethrown %s, alive %d\n", error.what(), alive);
    }
    std::exception_ptr kept;
    try {
        std::vector<int>(3).at(7);
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const std::exception &error) {
        std::printf("kept %s\n", error.what());
    }
    try {
        try {
            throw std::runtime_error("cause");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("effect"));
        }
    } catch (const std::exception &error) {
        try {
            std::printf("%s because of ", error.what());
            std::rethrow_if_nested(error);
        } catch (const std::exception &cause) {
            std::printf("%s\n", cause.what());
        }
    }
}

struct Part { Guard guard{50}; explicit Part(bool fails) { if (fails) throw 5; } };
struct Whole {
    Guard first{1};
    Part good{false};
    std::vector<Guard> list{3, Guard(9)};
    Part bad{true};
};
struct Tried {
    Part part;
    Tried() try : part(true) {} catch (int value) { std::printf("constructor %d\n", value); }
};

static void constructors() {
    try {
        Whole whole;
    } catch (int value) {
        std::printf("%d alive %d\n", value, alive);
    }
    try {
        Tried tried;
    } catch (int value) {
        std::printf("again %d alive %d\n", value, alive);
    }
    try {
        auto *array = new Part[3]{Part(false), Part(false), Part(true)};
        delete[] array;
    } catch (int) {
        std::printf("array alive %d\n", alive);
    }
    try {
        volatile std::size_t huge = static_cast<std::size_t>(-1) / 4;
        std::printf("%p\n", static_cast<void *>(new char[huge]));
    } catch (const std::bad_alloc &) {
        std::printf("no memory\n");
    }
    try {
        Base base;
        Base *pointer = &base;
        std::printf("%s\n", dynamic_cast<Both &>(*pointer).name());
    } catch (const std::bad_cast &) {
        std::printf("bad cast\n");
    }
}

struct InDestructor {
    ~InDestructor() {
        std::printf("uncaught %d\n", std::uncaught_exceptions());
        try { throw 1; } catch (int) {}
    }
};

int main() {
    long sum = 0;
    for (int i = 0; i < 600; i++)
        sum = sum * 31 % 1000000007 + catching(i % 40, i);
    std::printf("%ld alive %d destroyed %d\n", sum, alive, destroyed);
    rethrowing();
    constructors();
    try {
        InDestructor object;
        throw 'x';
    } catch (char c) {
        std::printf("%c\n", c);
    }
    std::set_terminate([] { std::printf("terminated\n"); std::fflush(stdout); std::_Exit(6); });
    [&]() noexcept { throw 1; }();
}
