/* Reading directories, large and nested. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static int visited;
static uint64_t names;

static int visit(const char *path, const struct stat *s, int type, struct FTW *ftw) {
    (void)s;
    visited++;
    /* The order is the file system's, so the hashes are added. */
    names += hash_bytes(HASH_START + (unsigned)type + 16u * (unsigned)ftw->level, path, strlen(path));
    return 0;
}

int main(void) {
    CHECK(mkdir("many", 0700) == 0);
    for (int i = 0; i < 700; i++) {
        char name[64];
        snprintf(name, sizeof name, "many/%d-%.*s", i, i % 40, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop");
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        CHECK(fd >= 0);
        close(fd);
    }
    DIR *dir = opendir("many");
    CHECK(dir != NULL);
    int count = 0, regular = 0, dots = 0;
    uint64_t sum = 0;
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        count++;
        regular += entry->d_type == DT_REG;
        dots += entry->d_name[0] == '.';
        sum += hash_bytes(HASH_START, entry->d_name, strlen(entry->d_name));
        CHECK(entry->d_ino != 0);
    }
    printf("%d %d %d %016llx\n", count, regular, dots, (unsigned long long)sum);
    rewinddir(dir);
    for (int i = 0; i < 10; i++)
        readdir(dir);
    long place = telldir(dir);
    char after[256];
    snprintf(after, sizeof after, "%s", readdir(dir)->d_name);
    readdir(dir);
    seekdir(dir, place);
    printf("%d\n", strcmp(after, readdir(dir)->d_name));
    struct stat s;
    printf("%d\n", fstatat(dirfd(dir), "5-abcde", &s, 0));
    closedir(dir);

    struct dirent **sorted;
    int found = scandir("many", &sorted, NULL, alphasort);
    printf("%d %s %s %s\n", found, sorted[0]->d_name, sorted[2]->d_name, sorted[found - 1]->d_name);
    for (int i = 0; i < found; i++)
        free(sorted[i]);
    free(sorted);

    char path[256] = "deep";
    for (int i = 0; i < 20; i++) {
        CHECK(mkdir(path, 0700) == 0);
        strcat(path, "/x");
    }
    CHECK(symlink("..", "deep/up") == 0);
    CHECK(nftw(".", visit, 8, FTW_PHYS) == 0);
    printf("%d %016llx\n", visited, (unsigned long long)names);

    glob_t globbed;
    printf("%d", glob("many/1?-*", 0, NULL, &globbed));
    printf(" %zu %s %s\n", globbed.gl_pathc, globbed.gl_pathv[0], globbed.gl_pathv[9]);
    globfree(&globbed);
    CHECK(opendir("missing") == NULL);
    printf("%s\n", strerror(errno));
    CHECK(opendir("many/0-") == NULL);
    printf("%s\n", strerror(errno));
    return 0;
}
