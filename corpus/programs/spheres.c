/* Floating point, single: rays against spheres, with mirror reflections. */

#include "program.h"
#include <math.h>

#define SPHERES 12
#define DEPTH 4

struct vector {
    float x, y, z;
};

struct sphere {
    struct vector centre;
    float radius, shade, mirror;
};

static struct sphere scene[SPHERES];

static struct vector add(struct vector a, struct vector b, float scale)
{
    return (struct vector){a.x + b.x * scale, a.y + b.y * scale, a.z + b.z * scale};
}

static float dot(struct vector a, struct vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vector unit(struct vector v)
{
    float scale = 1.0f / sqrtf(dot(v, v));
    return (struct vector){v.x * scale, v.y * scale, v.z * scale};
}

/* The nearest sphere that the ray meets, or -1. */
static int nearest(struct vector from, struct vector along, float *distance)
{
    int found = -1;
    *distance = 1e30f;
    for (int i = 0; i < SPHERES; i++) {
        struct vector to = add(scene[i].centre, from, -1.0f);
        float middle = dot(to, along);
        float inside = middle * middle - dot(to, to) + scene[i].radius * scene[i].radius;
        if (inside <= 0.0f)
            continue;
        float hit = middle - sqrtf(inside);
        if (hit > 0.001f && hit < *distance) {
            *distance = hit;
            found = i;
        }
    }
    return found;
}

static float trace(struct vector from, struct vector along, int depth)
{
    static const struct vector light = {0.57735026f, 0.57735026f, -0.57735026f};
    float distance;
    int hit = nearest(from, along, &distance);
    if (hit < 0)
        return 0.1f + 0.1f * along.y;
    struct vector point = add(from, along, distance);
    struct vector normal = unit(add(point, scene[hit].centre, -1.0f));
    float facing = dot(normal, light), shadow;
    float value = scene[hit].shade * 0.2f;
    if (facing > 0.0f && nearest(point, light, &shadow) < 0)
        value += scene[hit].shade * facing;
    if (depth > 1) {
        struct vector mirrored = add(along, normal, -2.0f * dot(along, normal));
        value += scene[hit].mirror * trace(point, unit(mirrored), depth - 1);
    }
    return value;
}

int main(int argc, char **argv)
{
    long size = argument(argc, argv, 1, 32);
    uint64_t state = 3, sum = MIX_START;
    for (int i = 0; i < SPHERES; i++) {
        scene[i].centre.x = (float)(next_random(&state) % 800) / 100.0f - 4.0f;
        scene[i].centre.y = (float)(next_random(&state) % 800) / 100.0f - 4.0f;
        scene[i].centre.z = (float)(next_random(&state) % 800) / 100.0f + 6.0f;
        scene[i].radius = (float)(next_random(&state) % 150) / 100.0f + 0.5f;
        scene[i].shade = (float)(next_random(&state) % 100) / 100.0f;
        scene[i].mirror = (float)(next_random(&state) % 80) / 100.0f;
    }
    float total = 0.0f;
    for (long y = 0; y < size; y++) {
        for (long x = 0; x < size; x++) {
            struct vector along = {(float)(2 * x - size) / (float)size,
                                   (float)(2 * y - size) / (float)size, 1.0f};
            float value = trace((struct vector){0, 0, 0}, unit(along), DEPTH);
            total += value;
            sum = mix(sum, (uint64_t)(value * 255.0f));
        }
    }
    printf("%.9g\n", (double)total);
    print_sum("spheres", sum);
    return 0;
}
