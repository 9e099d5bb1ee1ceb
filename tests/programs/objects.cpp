/* Virtual calls, casts, initialisation and destruction. */
#include <cstdio>
#include <functional>
#include <memory>
#include <typeinfo>
#include <vector>

struct Order {
    const char *name;
    explicit Order(const char *n) : name(n) { std::printf("make %s\n", name); }
    ~Order() { std::printf("drop %s\n", name); }
};
static Order first("first"), second("second");
static Order &lazy() {
    static Order order("lazy");
    return order;
}
__attribute__((constructor)) static void constructor() { std::puts("constructor"); }
__attribute__((destructor)) static void destructor() { std::puts("destructor"); }

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual int sides() const { return 0; }
};
struct Square : Shape {
    double a;
    explicit Square(double x) : a(x) {}
    double area() const override { return a * a; }
    int sides() const override { return 4; }
};
struct Circle : Shape {
    float r;
    explicit Circle(float x) : r(x) {}
    double area() const override { return 3.0 * r * r; }
};
struct Named { virtual const char *name() const { return "named"; } long pad = 5; virtual ~Named() = default; };
struct NamedSquare : Named, Square {
    explicit NamedSquare(double x) : Square(x) {}
    const char *name() const override { return "square"; }
    double area() const override { return Square::area() + pad; }
};
struct Top { int top = 1; virtual int f() { return top; } virtual ~Top() = default; };
struct MidA : virtual Top { int f() override { return top + 10; } };
struct MidB : virtual Top { int b = 3; };
struct Bottom : MidA, MidB { int f() override { return MidA::f() + b * 100; } };

struct Methods {
    int x = 7;
    int plain(int y) { return x + y; }
    virtual int virt(int y) { return x * y; }
    virtual ~Methods() = default;
};
struct Derived : Methods { int virt(int y) override { return x - y; } };

template <int N> struct Fibonacci { static constexpr long value = Fibonacci<N - 1>::value + Fibonacci<N - 2>::value; };
template <> struct Fibonacci<0> { static constexpr long value = 0; };
template <> struct Fibonacci<1> { static constexpr long value = 1; };

template <typename... T> static long sum(T... values) { return (0L + ... + static_cast<long>(values)); }

static void calls() {
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 200; i++) {
        if (i % 3 == 0) shapes.push_back(std::make_unique<Square>(i));
        else if (i % 3 == 1) shapes.push_back(std::make_unique<Circle>(i));
        else shapes.push_back(std::make_unique<NamedSquare>(i));
    }
    double total = 0;
    int sides = 0, named = 0;
    for (auto &shape : shapes) {
        total += shape->area();
        sides += shape->sides();
        if (auto *name = dynamic_cast<Named *>(shape.get())) named += name->name()[0];
    }
    std::printf("%.3f %d %d\n", total, sides, named);
    Bottom bottom;
    Top *top = &bottom;
    MidB *middle = &bottom;
    std::printf("%d %d %d\n", top->f(), middle->f(), dynamic_cast<MidA *>(middle) == &bottom);
    std::printf("%s %d\n", typeid(*top).name(), typeid(*middle) == typeid(Bottom));
    int (Methods::*pointers[])(int) = {&Methods::plain, &Methods::virt};
    Derived derived;
    for (auto pointer : pointers) std::printf("%d\n", (derived.*pointer)(3));
}

int main() {
    std::puts("main");
    lazy();
    calls();
    std::vector<std::function<int(int)>> functions;
    for (int i = 0; i < 5; i++)
        functions.emplace_back([i, copy = std::vector<int>(i, i)](int x) { return x * i + static_cast<int>(copy.size()); });
    int value = 1;
    for (auto &function : functions) value = function(value) + 1;
    std::printf("%d %ld %ld\n", value, Fibonacci<50>::value, sum(1, 2u, 3.9, 'a', true));
    auto shared = std::make_shared<Order>("shared");
    std::weak_ptr<Order> weak = shared;
    auto twin = shared;
    std::printf("%ld %d\n", shared.use_count(), weak.expired());
    shared.reset();
    twin.reset();
    std::printf("%d\n", weak.expired());
    return 0;
}
