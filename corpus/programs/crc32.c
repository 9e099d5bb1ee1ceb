/* Integer: CRC-32 by table over a buffer, and bit by bit over a part of it. */

#include "program.h"

static uint32_t table[256];

static uint32_t bitwise(uint32_t crc, unsigned byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0);
    return crc;
}

static uint32_t crc_by_table(const unsigned char *data, long length)
{
    uint32_t crc = 0xffffffffu;
    for (long i = 0; i < length; i++)
        crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}

static uint32_t crc_by_bits(const unsigned char *data, long length)
{
    uint32_t crc = 0xffffffffu;
    for (long i = 0; i < length; i++)
        crc = bitwise(crc, data[i]);
    return ~crc;
}

int main(int argc, char **argv)
{
    long length = argument(argc, argv, 1, 4096);
    long rounds = argument(argc, argv, 2, 1);
    unsigned char *data = allocate((size_t)length);
    uint64_t state = 7, sum = MIX_START;
    for (unsigned byte = 0; byte < 256; byte++)
        table[byte] = bitwise(0, byte);
    for (long i = 0; i < length; i++)
        data[i] = (unsigned char)next_random(&state);
    for (long round = 0; round < rounds; round++) {
        uint32_t crc = crc_by_table(data, length);
        sum = mix(sum, crc);
        data[round % length] ^= (unsigned char)crc;
    }
    long part = length / 4;
    if (crc_by_bits(data, part) != crc_by_table(data, part)) {
        puts("the two ways differ");
        return 1;
    }
    free(data);
    print_sum("crc32", sum);
    return 0;
}
