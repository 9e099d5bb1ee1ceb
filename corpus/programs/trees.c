/* Allocation: builds binary trees node by node, walks them, frees them again. */

#include "program.h"

struct node {
    struct node *left, *right;
    long value;
};

static struct node *build(int depth, long value)
{
    struct node *node = allocate(sizeof *node);
    node->value = value;
    node->left = depth > 0 ? build(depth - 1, 2 * value) : NULL;
    node->right = depth > 0 ? build(depth - 1, 2 * value + 1) : NULL;
    return node;
}

static long walk(const struct node *node)
{
    return node == NULL ? 0 : walk(node->left) + walk(node->right) + node->value % 7;
}

static void release(struct node *node)
{
    if (node == NULL)
        return;
    release(node->left);
    release(node->right);
    free(node);
}

int main(int argc, char **argv)
{
    int depth = (int)argument(argc, argv, 1, 6);
    long rounds = argument(argc, argv, 2, 4);
    struct node *lasting = build(depth, 1);
    long sum = 0;
    for (long round = 0; round < rounds; round++) {
        struct node *tree = build(depth - (int)(round % 3), round + 1);
        sum += walk(tree);
        release(tree);
    }
    sum += walk(lasting);
    release(lasting);
    printf("trees %ld\n", sum);
    return 0;
}
