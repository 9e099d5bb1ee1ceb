/* Terminals, and what is none. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

int main(void) {
    struct termios settings;
    struct winsize size;
    for (int fd = 0; fd < 3; fd++) {
        SHOW(isatty(fd));
        SHOW(tcgetattr(fd, &settings));
        SHOW(ioctl(fd, TIOCGWINSZ, &size));
    }
    SHOW(ioctl(0, 0x12345678, 0));
    SHOW(tcgetpgrp(0));
    int leader = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(leader >= 0 && grantpt(leader) == 0 && unlockpt(leader) == 0);
    char name[64];
    CHECK(ptsname_r(leader, name, sizeof name) == 0);
    int follower = open(name, O_RDWR | O_NOCTTY);
    CHECK(follower >= 0);
    SHOW(isatty(follower));
    SHOW(tcgetattr(follower, &settings));
    printf("%x %x %d\n", settings.c_lflag & (ECHO | ICANON | ISIG), settings.c_oflag & (OPOST | ONLCR), settings.c_cc[VINTR]);
    printf("%d\n", cfgetospeed(&settings) == B38400);
    write(leader, "typed\n", 6);
    char line[32] = "";
    SHOW(read(follower, line, sizeof line));
    printf("%s", line);
    SHOW(read(leader, line, sizeof line));
    settings.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    settings.c_cc[VMIN] = 1;
    SHOW(tcsetattr(follower, TCSANOW, &settings));
    write(leader, "r", 1);
    SHOW(read(follower, line, sizeof line));
    SHOW(ioctl(follower, TIOCSWINSZ, &(struct winsize){24, 80, 0, 0}));
    SHOW(ioctl(leader, TIOCGWINSZ, &size));
    printf("%d %d\n", size.ws_row, size.ws_col);
    write(follower, "a\nb", 3);
    SHOW(read(leader, line, sizeof line));
    SHOW(tcflush(follower, TCIOFLUSH));
    return 0;
}
