// skip: native, the machine is another one
/* What the guest sees of its machine. */
#include <sys/auxv.h>
#include <sys/utsname.h>

#include "check.h"

int main(void) {
    struct utsname name;
    SHOW(uname(&name));
    printf("%s %s\n", name.sysname, name.machine);
    CHECK(name.release[0] >= '4' && name.nodename[0] != 0);
    SHOW(uname((void *)8));
    unsigned long wanted = 0;
    for (const char *letter = "IMAFDC"; *letter; letter++)
        wanted |= 1ul << (*letter - 'A');
    printf("%d\n", (getauxval(AT_HWCAP) & wanted) == wanted);
    return 0;
}
