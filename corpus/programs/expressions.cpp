// Virtual calls: trees of expressions, evaluated and differentiated.

#include "program.h"

#include <memory>
#include <utility>

namespace {

class Expression {
public:
    virtual ~Expression() = default;
    virtual double value(double x) const = 0;
    virtual std::unique_ptr<Expression> derivative() const = 0;
    virtual std::unique_ptr<Expression> copy() const = 0;
};

using Pointer = std::unique_ptr<Expression>;

class Constant final : public Expression {
public:
    explicit Constant(double number) : number_(number) {}
    double value(double) const override { return number_; }
    Pointer derivative() const override { return std::make_unique<Constant>(0.0); }
    Pointer copy() const override { return std::make_unique<Constant>(number_); }

private:
    double number_;
};

class Variable final : public Expression {
public:
    double value(double x) const override { return x; }
    Pointer derivative() const override { return std::make_unique<Constant>(1.0); }
    Pointer copy() const override { return std::make_unique<Variable>(); }
};

class Sum final : public Expression {
public:
    Sum(Pointer left, Pointer right) : left_(std::move(left)), right_(std::move(right)) {}
    double value(double x) const override { return left_->value(x) + right_->value(x); }
    Pointer derivative() const override
    {
        return std::make_unique<Sum>(left_->derivative(), right_->derivative());
    }
    Pointer copy() const override { return std::make_unique<Sum>(left_->copy(), right_->copy()); }

private:
    Pointer left_, right_;
};

class Product final : public Expression {
public:
    Product(Pointer left, Pointer right) : left_(std::move(left)), right_(std::move(right)) {}
    double value(double x) const override { return left_->value(x) * right_->value(x); }
    Pointer derivative() const override
    {
        return std::make_unique<Sum>(
            std::make_unique<Product>(left_->derivative(), right_->copy()),
            std::make_unique<Product>(left_->copy(), right_->derivative()));
    }
    Pointer copy() const override
    {
        return std::make_unique<Product>(left_->copy(), right_->copy());
    }

private:
    Pointer left_, right_;
};

Pointer grow(int depth, uint64_t &state)
{
    uint64_t choice = next_random(&state) >> 13;
    if (depth == 0) {
        if (choice % 2 == 0)
            return std::make_unique<Variable>();
        return std::make_unique<Constant>(static_cast<double>(choice % 17) / 16.0 + 0.25);
    }
    Pointer left = grow(depth - 1, state), right = grow(depth - 1, state);
    if (choice % 2 == 0)
        return std::make_unique<Sum>(std::move(left), std::move(right));
    return std::make_unique<Product>(std::move(left), std::move(right));
}

} // namespace

int main(int argc, char **argv)
{
    int depth = static_cast<int>(argument(argc, argv, 1, 4));
    long rounds = argument(argc, argv, 2, 10);
    uint64_t state = 61;
    double total = 0;
    Pointer expression = grow(depth, state);
    Pointer derivative = expression->derivative();
    for (long round = 0; round < rounds; round++) {
        double x = static_cast<double>(round % 64) / 64.0;
        total += expression->value(x) + derivative->value(x);
        if (round % 256 == 0)
            derivative = expression->derivative();
    }
    printf("expressions %.17g\n", total);
    return 0;
}
