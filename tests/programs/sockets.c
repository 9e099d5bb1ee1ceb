/* Sockets within the machine. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void pairs(void) {
    int pair[2];
    SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    SHOW(send(pair[0], "hello", 5, 0));
    char buffer[64] = "";
    SHOW(recv(pair[1], buffer, 3, MSG_PEEK));
    SHOW(recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT));
    SHOW(recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT));
    puts(buffer);
    SHOW(shutdown(pair[0], SHUT_WR));
    SHOW(read(pair[1], buffer, 1));
    close(pair[1]);
    SHOW(send(pair[0], "x", 1, MSG_NOSIGNAL));
    SHOW(socketpair(AF_INET, SOCK_STREAM, 0, pair));
    SHOW(socket(999, SOCK_STREAM, 0));
}

/* A descriptor is sent to another process, with bytes from two places. */
static void descriptors(void) {
    int pair[2], ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && pipe(ends) == 0);
    fflush(stdout);
    if (fork() == 0) {
        char bytes[16], control[CMSG_SPACE(sizeof(int))];
        struct iovec in = {bytes, sizeof bytes};
        struct msghdr message = {.msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t got = recvmsg(pair[1], &message, 0);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (got != 7 || !header || header->cmsg_type != SCM_RIGHTS)
            _exit(1);
        int fd;
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
        _exit(write(fd, bytes, 7) == 7 ? 0 : 2);
    }
    char control[CMSG_SPACE(sizeof(int))] = "";
    struct iovec out[2] = {{"abc", 3}, {"defg", 4}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    SHOW(sendmsg(pair[0], &message, 0));
    char bytes[8] = "";
    SHOW(read(ends[0], bytes, 7));
    puts(bytes);
    int status;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
}

static void streams(void) {
    int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    SHOW(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    SHOW(bind(server, (struct sockaddr *)&address, sizeof address));
    SHOW(listen(server, 4));
    socklen_t length = sizeof address;
    SHOW(getsockname(server, (struct sockaddr *)&address, &length));
    CHECK(address.sin_port != 0 && length == sizeof address);
    fflush(stdout);
    if (fork() == 0) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (struct sockaddr *)&address, sizeof address))
            _exit(1);
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        uint64_t state = 3;
        for (int i = 0; i < 5000; i++) {
            uint64_t word = next_random(&state);
            if (send(client, &word, sizeof word, 0) != sizeof word)
                _exit(2);
        }
        _exit(0);
    }
    struct sockaddr_in peer;
    length = sizeof peer;
    int connection = accept4(server, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    CHECK(connection >= 0);
    printf("%s\n", inet_ntoa(peer.sin_addr));
    uint64_t hash = HASH_START;
    char buffer[999];
    ssize_t got;
    size_t total = 0;
    while ((got = recv(connection, buffer, sizeof buffer, 0)) > 0) {
        hash = hash_bytes(hash, buffer, (size_t)got);
        total += (size_t)got;
    }
    printf("%zu %016llx\n", total, (unsigned long long)hash);
    int status, error = -1;
    wait(&status);
    length = sizeof error;
    SHOW(getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &length));
    printf("%d %d\n", status, error);
    SHOW(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(1),
                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, sizeof address));
}

static void datagrams(void) {
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    SHOW(bind(a, (struct sockaddr *)&address, length));
    getsockname(a, (struct sockaddr *)&address, &length);
    SHOW(sendto(b, "datagram", 8, 0, (struct sockaddr *)&address, length));
    char buffer[32] = "";
    struct sockaddr_in from;
    length = sizeof from;
    SHOW(recvfrom(a, buffer, 4, MSG_TRUNC, (struct sockaddr *)&from, &length));
    printf("%.4s %d\n", buffer, from.sin_family == AF_INET);
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int server = socket(AF_UNIX, SOCK_SEQPACKET, 0), client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    SHOW(bind(server, (struct sockaddr *)&path, sizeof path));
    SHOW(bind(client, (struct sockaddr *)&path, sizeof path));
    SHOW(listen(server, 1));
    SHOW(connect(client, (struct sockaddr *)&path, sizeof path));
    int connection = accept(server, NULL, NULL);
    SHOW(send(client, "one", 3, 0));
    SHOW(send(client, "second", 6, 0));
    SHOW(recv(connection, buffer, sizeof buffer, 0));
    SHOW(recv(connection, buffer, sizeof buffer, 0));
}

int main(void) {
    pairs();
    descriptors();
    streams();
    datagrams();
    return 0;
}
