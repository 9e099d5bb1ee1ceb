/* System V's shared memory, semaphores and messages; POSIX message queues are not everywhere. */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void shared_memory(void) {
    int id = shmget(IPC_PRIVATE, 3 * 4096 - 5, IPC_CREAT | 0600);
    CHECK(id >= 0);
    char *memory = shmat(id, NULL, 0);
    char *again = shmat(id, NULL, SHM_RDONLY);
    CHECK(memory != (char *)-1 && again != (char *)-1 && memory != again);
    if (fork() == 0) {
        strcpy(memory + 8192, "from the child");
        _exit(0);
    }
    wait(NULL);
    puts(again + 8192);
    char *fixed = again + 64 * 4096;
    CHECK(shmdt(again) == 0);
    CHECK(shmat(id, fixed + 7, SHM_RND) == fixed);
    puts(fixed + 8192);
    SHOW((long)shmat(id, fixed + 7, 0));
    SHOW((long)shmat(id, memory, 0));
    struct shmid_ds status;
    SHOW(shmctl(id, IPC_STAT, &status));
    printf("%zu bytes, %d attached, mode %o\n", status.shm_segsz, (int)status.shm_nattch,
           status.shm_perm.mode & 0777);
    SHOW(shmdt(fixed + 4096));
    SHOW(shmdt(fixed));
    SHOW(shmdt(fixed));
    SHOW(shmctl(id, IPC_RMID, NULL));
    strcpy(memory, "until detached");
    puts(memory);
    SHOW(shmdt(memory));
    SHOW((long)shmat(id, NULL, 0));
}

static void semaphores(void) {
    union {
        int value;
        struct semid_ds *status;
        unsigned short *values;
    } argument;
    int id = semget(IPC_PRIVATE, 5, IPC_CREAT | 0640);
    CHECK(id >= 0);
    unsigned short values[5] = {1, 2, 3, 4, 5}, back[5] = {0};
    argument.values = values;
    SHOW(semctl(id, 0, SETALL, argument));
    argument.values = back;
    SHOW(semctl(id, 0, GETALL, argument));
    printf("%d %d %d %d %d\n", back[0], back[1], back[2], back[3], back[4]);
    SHOW(semop(id, (struct sembuf[]){{0, -1, 0}, {4, 10, 0}}, 2));
    SHOW(semop(id, &(struct sembuf){0, -1, IPC_NOWAIT}, 1));
    SHOW(semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){0, 1000000}));
    SHOW(semctl(id, 4, GETVAL));
    struct semid_ds status;
    memset(&status, 0xee, sizeof status);
    argument.status = &status;
    SHOW(semctl(id, 0, IPC_STAT, argument));
    printf("%lu semaphores, mode %o, used %d, changed %d\n", (unsigned long)status.sem_nsems,
           status.sem_perm.mode & 0777, status.sem_otime > 1000000000, status.sem_ctime > 1000000000);
    status.sem_perm.mode = 0600;
    SHOW(semctl(id, 0, IPC_SET, argument));
    memset(&status, 0, sizeof status);
    SHOW(semctl(id, 0, IPC_STAT, argument));
    printf("mode %o\n", status.sem_perm.mode);
    if (fork() == 0) {
        usleep(1000);
        semop(id, &(struct sembuf){0, 1, 0}, 1);
        _exit(0);
    }
    SHOW(semop(id, &(struct sembuf){0, -1, 0}, 1));
    wait(NULL);
    SHOW(semctl(id, 0, IPC_RMID));
    SHOW(semctl(id, 0, GETVAL));
}

static void messages(void) {
    struct {
        long kind;
        char text[16];
    } message = {7, "seven"};
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    CHECK(id >= 0);
    SHOW(msgsnd(id, &message, 6, 0));
    message.kind = 3;
    strcpy(message.text, "three");
    SHOW(msgsnd(id, &message, 6, 0));
    struct msqid_ds status;
    SHOW(msgctl(id, IPC_STAT, &status));
    printf("%lu messages, %lu bytes\n", (unsigned long)status.msg_qnum,
           (unsigned long)status.__msg_cbytes);
    memset(&message, 0, sizeof message);
    SHOW(msgrcv(id, &message, sizeof message.text, -5, 0));
    printf("%ld %s\n", message.kind, message.text);
    SHOW(msgrcv(id, &message, 2, 0, 0));
    SHOW(msgrcv(id, &message, 2, 0, MSG_NOERROR));
    printf("%ld %.2s\n", message.kind, message.text);
    SHOW(msgrcv(id, &message, 2, 0, IPC_NOWAIT));
    SHOW(msgctl(id, IPC_RMID, NULL));
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    shared_memory();
    semaphores();
    messages();
    return 0;
}
