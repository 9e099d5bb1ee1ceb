/* Floating point, double: bodies that attract each other, with square roots and divisions. */

#include "program.h"
#include <math.h>

#define BODIES 8

struct body {
    double position[3], velocity[3], mass;
};

static void accelerate(struct body *bodies, double step)
{
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double delta[3], square = 0.01;
            for (int axis = 0; axis < 3; axis++) {
                delta[axis] = bodies[i].position[axis] - bodies[j].position[axis];
                square += delta[axis] * delta[axis];
            }
            double pull = step / (square * sqrt(square));
            for (int axis = 0; axis < 3; axis++) {
                bodies[i].velocity[axis] -= delta[axis] * bodies[j].mass * pull;
                bodies[j].velocity[axis] += delta[axis] * bodies[i].mass * pull;
            }
        }
    }
}

static void move(struct body *bodies, double step)
{
    for (int i = 0; i < BODIES; i++)
        for (int axis = 0; axis < 3; axis++)
            bodies[i].position[axis] += step * bodies[i].velocity[axis];
}

static double energy(const struct body *bodies)
{
    double total = 0;
    for (int i = 0; i < BODIES; i++) {
        const double *v = bodies[i].velocity;
        total += 0.5 * bodies[i].mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        for (int j = i + 1; j < BODIES; j++) {
            double square = 0.01;
            for (int axis = 0; axis < 3; axis++) {
                double delta = bodies[i].position[axis] - bodies[j].position[axis];
                square += delta * delta;
            }
            total -= bodies[i].mass * bodies[j].mass / sqrt(square);
        }
    }
    return total;
}

int main(int argc, char **argv)
{
    long steps = argument(argc, argv, 1, 1000);
    struct body bodies[BODIES];
    uint64_t state = 99;
    for (int i = 0; i < BODIES; i++) {
        for (int axis = 0; axis < 3; axis++) {
            bodies[i].position[axis] = (double)(next_random(&state) % 20000) / 1000.0 - 10.0;
            bodies[i].velocity[axis] = (double)(next_random(&state) % 2000) / 1000.0 - 1.0;
        }
        bodies[i].mass = (double)(next_random(&state) % 1000 + 1) / 100.0;
    }
    double before = energy(bodies);
    for (long step = 0; step < steps; step++) {
        accelerate(bodies, 0.001);
        move(bodies, 0.001);
    }
    printf("nbody %.17g %.17g\n", before, energy(bodies));
    return 0;
}
