/* Files by system calls: what they do and how they fail. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

static void show_stat(const char *path) {
    struct stat s;
    if (lstat(path, &s) != 0) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    printf("%s: mode %o links %d size %lld uid %d %s\n", path, s.st_mode, (int)s.st_nlink,
           S_ISDIR(s.st_mode) ? -1 : (long long)s.st_size, s.st_uid == getuid(),
           s.st_blksize > 0 && s.st_ino > 0 ? "" : "odd");
}

static void reading_and_writing(void) {
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    CHECK(fd >= 0);
    SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    SHOW(write(fd, "0123456789", 10));
    SHOW(lseek(fd, 3, SEEK_SET));
    char buffer[16] = "";
    SHOW(read(fd, buffer, 4));
    puts(buffer);
    SHOW(pread(fd, buffer, 2, 8));
    puts(buffer);
    SHOW(pwrite(fd, "XY", 2, 20));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(lseek(fd, -100, SEEK_CUR));
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"three", 5}};
    SHOW(writev(fd, out, 3));
    char first[4] = "", second[8] = "";
    struct iovec in[2] = {{first, 3}, {second, 7}};
    SHOW(preadv(fd, in, 2, 18));
    printf("%d %d %.5s\n", first[0], first[2], second);
    SHOW(ftruncate(fd, 5));
    SHOW(fsync(fd));
    SHOW(read(fd, buffer, 4));
    SHOW(posix_fallocate(fd, 0, 100));
    show_stat("a");
    SHOW(truncate("a", 7));
    show_stat("a");
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(read(fd, buffer, 1));
    SHOW(read(0, (void *)8, 0));
    fd = open("a", O_WRONLY | O_APPEND);
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "++", 2));
    SHOW(read(fd, buffer, 1));
    SHOW(write(fd, (void *)16, 8));
    SHOW(close(fd));
    show_stat("a");
}

static void names(void) {
    SHOW(rename("a", "b"));
    SHOW(link("b", "c"));
    show_stat("b");
    SHOW(symlink("c", "l"));
    show_stat("l");
    char target[16] = "";
    SHOW(readlink("l", target, sizeof target));
    SHOW(readlink("b", target, sizeof target));
    SHOW(symlink("loop", "loop"));
    SHOW(open("loop", O_RDONLY));
    SHOW(open("l", O_RDONLY | O_NOFOLLOW));
    SHOW(mkdir("d", 0750));
    SHOW(mkdir("d", 0750));
    SHOW(rename("b", "d/e"));
    SHOW(unlink("d"));
    SHOW(rmdir("d"));
    SHOW(open("d", O_WRONLY));
    SHOW(open("c/x", O_RDONLY));
    SHOW(open("", O_RDONLY));
    SHOW(access("d/e", R_OK | W_OK));
    SHOW(access("d/missing", F_OK));
    SHOW(chmod("d/e", 0604));
    show_stat("d/e");
    SHOW(umask(077));
    SHOW(close(open("f", O_CREAT | O_WRONLY, 0666)));
    show_stat("f");
    SHOW(unlink("c"));
    SHOW(open("l", O_RDONLY));
    SHOW(renameat2(AT_FDCWD, "f", AT_FDCWD, "d/e", RENAME_NOREPLACE));
    char longname[300];
    memset(longname, 'n', sizeof longname);
    longname[299] = 0;
    SHOW(open(longname, O_RDONLY));
}

static void descriptors(void) {
    int fd = open("d/e", O_RDWR);
    int twin = dup(fd);
    SHOW(lseek(fd, 2, SEEK_SET));
    SHOW(lseek(twin, 0, SEEK_CUR));
    SHOW(dup2(fd, 40));
    SHOW(dup3(fd, 41, O_CLOEXEC));
    SHOW(fcntl(41, F_GETFD));
    SHOW(fcntl(40, F_GETFD));
    SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
    SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    SHOW((fcntl(twin, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    SHOW(fcntl(fd, F_DUPFD, 100));
    SHOW(fcntl(999, F_GETFD));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 4};
    SHOW(fcntl(fd, F_SETLK, &lock));
    SHOW(fcntl(fd, F_GETLK, &lock));
    printf("%d\n", lock.l_type == F_UNLCK);
    struct timespec times[2] = {{1000000000, 5}, {1234567890, 123456789}};
    SHOW(futimens(fd, times));
    struct stat s;
    SHOW(fstat(fd, &s));
    printf("%lld %ld %lld %ld\n", (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
           (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    struct statx x;
    SHOW(statx(AT_FDCWD, "d/e", 0, STATX_BASIC_STATS, &x));
    printf("%lld %o %d\n", (long long)x.stx_size, x.stx_mode, x.stx_mtime.tv_nsec);
    int copy = open("copy", O_RDWR | O_CREAT, 0600);
    off_t offset = 0;
    SHOW(sendfile(copy, fd, &offset, 5));
    SHOW(fchmod(copy, 0400));
    show_stat("copy");
    struct statvfs fs;
    SHOW(statvfs(".", &fs));
    printf("%d\n", fs.f_bsize > 0 && fs.f_blocks > 0 && fs.f_namemax >= 255);
    SHOW(close_range(40, 200, 0));
    SHOW(fcntl(41, F_GETFD));
}

static void folders(void) {
    char before[4096], after[4096];
    CHECK(getcwd(before, sizeof before));
    SHOW(chdir("d"));
    CHECK(getcwd(after, sizeof after));
    puts(after + strlen(before));
    CHECK(getcwd(after, 2) == NULL && errno == ERANGE);
    int up = open("..", O_RDONLY | O_DIRECTORY);
    SHOW(openat(up, "missing", O_RDONLY));
    SHOW(fchdir(up));
    SHOW(faccessat(up, "d/e", R_OK, 0));
    SHOW(mkdirat(up, "g", 0700));
    SHOW(unlinkat(up, "g", 0));
    SHOW(unlinkat(up, "g", AT_REMOVEDIR));
    char *real = realpath("d/../d/e", NULL);
    puts(real + strlen(before));
    free(real);
    SHOW(mknod("fifo", S_IFIFO | 0600, 0));
    show_stat("fifo");
}

int main(void) {
    reading_and_writing();
    names();
    descriptors();
    folders();
    return 0;
}
