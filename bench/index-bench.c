/* SPDX-License-Identifier: Apache-2.0 */
/* What the chunk index costs: index-bench ENTRIES [DIR [RUN]] makes that many synthetic entries, as
 * packs of 13,000, through the code that collections and rebuilds use, plain and encrypted, and
 * prints bytes on disk, time, memory and look-ups per second (of the clock, and of processor time,
 * for machines that are busy otherwise). RUN: 1 to 4, only that run. DIR (default /tmp) needs room
 * for about 55 bytes an entry while segments are merged; nothing is left in it.
 *
 * Ids are random numbers made from their number, so that they need not be remembered. */
#include "base/clock.h"
#include "base/cursor.h"
#include "vault/index_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PACK_ENTRIES = 13000, RECORD_ENTRIES = 12, LOOKUPS = 200000 };

static uint64_t mixed(uint64_t z) { /* splitmix64 */
    z = (z + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static void id_of(uint64_t number, uint8_t ret[static SHA256_BYTES]) {
    for (uint64_t k = 0; k < 4; k++) {
        uint64_t part = mixed(number * 4 + k);
        memcpy(ret + 8 * k, &part, sizeof part);
    }
}

static void check(ex_code code, const struct ex_error *err) {
    if (code == EX_OK)
        return;
    fprintf(stderr, "index-bench: %s\n", err->text);
    exit(1);
}

static double seconds_since(uint64_t start_ns) {
    return (double)(ex_monotonic_ns() - start_ns) / 1e9;
}

static double cpu_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_memory_mib(void) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    long kib = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib / 1024;
}

/* ---- building ---- */

static void make_pack(struct pack_list *l, uint64_t first, uint64_t count) {
    struct ex_error err;
    struct record_head head = {.type = RECORD_CHUNKS};
    *l = (struct pack_list){0};
    id_of(UINT64_MAX / 8 - first, l->id);
    for (uint64_t n = 0; n < count; n += RECORD_ENTRIES) {
        struct table_entry e[RECORD_ENTRIES];
        size_t k = 0;
        for (; k < RECORD_ENTRIES && n + k < count; k++) {
            id_of(first + n + k, e[k].id);
            e[k].length = 20000;
        }
        check(pack_list_add(l, (uint32_t)(128 + n * 20000), &head, e, k, &err), &err);
    }
}

/* one_by_one: as a collection does it, a segment for each pack; else as a rebuild. */
static void build(struct vault_index *i, uint64_t entries, bool one_by_one) {
    struct ex_error err;
    EX_AUTO(index_batch_free) struct index_batch *batch = index_batch_new(i);
    for (uint64_t first = 0; first < entries; first += PACK_ENTRIES) {
        struct pack_list l;
        make_pack(&l, first, entries - first < PACK_ENTRIES ? entries - first : PACK_ENTRIES);
        if (one_by_one)
            check(index_publish(i, &l, &err), &err);
        else
            check(index_batch_add(batch, &l, &err), &err);
        pack_list_clear(&l);
        if (one_by_one)
            check(index_merge(i, &err), &err);
    }
    check(index_batch_end(batch, &err), &err);
    check(index_merge(i, &err), &err);
}

/* ---- looking up ---- */

enum lookup { HITS, MISSES_QUICK, MISSES_SURE };

static double lookups_per_second(struct vault_index *i, uint64_t entries, enum lookup kind,
                                 uint64_t count, double *ret_of_cpu) {
    double cpu = cpu_seconds();
    uint64_t start = ex_monotonic_ns(), random = start, wrong = 0;
    for (uint64_t n = 0; n < count; n++) {
        uint8_t id[SHA256_BYTES];
        struct index_place place;
        struct index_search search = {.quick = kind != MISSES_SURE};
        random = mixed(random);
        id_of(random % entries + (kind == HITS ? 0 : entries), id);
        wrong += index_next(i, id, &search, &place) != (kind == HITS);
    }
    if (wrong > 0) {
        fprintf(stderr, "index-bench: %llu answers were wrong\n", (unsigned long long)wrong);
        exit(1);
    }
    *ret_of_cpu = (double)count / (cpu_seconds() - cpu);
    return (double)count / seconds_since(start);
}

/* Neither the kernel nor the index remembers a page. */
static void forget(struct vault_index *i, const struct epochs *e) {
    for (size_t k = 0; k < i->count; k++)
        (void)posix_fadvise(i->segment[k]->fd, 0, 0, POSIX_FADV_DONTNEED);
    page_cache_free(i->cache);
    i->cache = page_cache_new();
    index_set_epochs(i, e);
}

static void look_up(struct vault_index *i, const struct epochs *e, uint64_t entries) {
    static const char *const name[] = {"hits", "misses, by the filter", "misses, confirmed"};
    for (int kind = HITS; kind <= MISSES_SURE; kind++) {
        double cpu, ignored;
        (void)lookups_per_second(i, entries, (enum lookup)kind, LOOKUPS, &ignored); /* warms */
        double warm = lookups_per_second(i, entries, (enum lookup)kind, LOOKUPS, &cpu);
        forget(i, e);
        double cold = lookups_per_second(i, entries, (enum lookup)kind, LOOKUPS / 100, &ignored);
        printf("  %-22s %9.0f a second (%.0f of processor time), %8.0f from the disk\n", name[kind],
               warm, cpu, cold);
    }
}

/* ---- one run ---- */

static uint64_t bytes_on_disk(const struct vault_index *i) {
    uint64_t bytes = 0;
    for (size_t k = 0; k < i->count; k++)
        bytes += i->segment[k]->head.pages * INDEX_PAGE_BYTES;
    return bytes;
}

static void ignore_problem(void *context, const char *text) {
    ++*(unsigned *)context;
    fprintf(stderr, "index-bench: %s\n", text);
}

static void run(int dir_fd, uint64_t entries, bool encrypted, bool one_by_one) {
    struct ex_error err;
    struct vault_index *i = NULL;
    EX_AUTO(epochs_free) struct epochs *e = NULL;
    uint64_t segments, stored, start = ex_monotonic_ns();
    unsigned problems = 0;
    check(epochs_new(&e, &err), &err);
    check(epochs_add_random(e, &err), &err);
    check(index_open(dir_fd, encrypted, &i, &err), &err);
    index_set_epochs(i, encrypted ? e : NULL);
    build(i, entries, one_by_one);
    double built = seconds_since(start);
    index_counts(i, &segments, &stored);
    printf("%s, %s: %llu entries in %llu segments, %.1f MB (%.2f bytes an entry)\n",
           encrypted ? "encrypted" : "plain", one_by_one ? "pack by pack" : "as a rebuild",
           (unsigned long long)stored, (unsigned long long)segments, (double)bytes_on_disk(i) / 1e6,
           (double)bytes_on_disk(i) / (double)entries);
    printf("  built in %.1f s (%.1f s of processor time), peak memory %ld MiB\n", built,
           cpu_seconds(), peak_memory_mib());
    fflush(stdout);
    look_up(i, encrypted ? e : NULL, entries);
    start = ex_monotonic_ns();
    check(index_check(i, ignore_problem, &problems, &err), &err);
    printf("  checked in %.1f s, peak memory %ld MiB\n", seconds_since(start), peak_memory_mib());
    check(index_remove_all(i, &err), &err);
    index_close(i);
}

/* In a process of its own, whose memory can be told. */
static bool run_apart(const char *base, uint64_t entries, bool encrypted, bool one_by_one) {
    char path[512];
    int status = 1;
    (void)snprintf(path, sizeof path, "%.480s/exhibit-index-bench-XXXXXX", base);
    if (mkdtemp(path) == NULL) {
        perror(path);
        return false;
    }
    fflush(stdout);
    pid_t child = fork();
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (child == 0) {
        run(dir_fd, entries, encrypted, one_by_one);
        exit(0);
    }
    if (child > 0)
        (void)waitpid(child, &status, 0);
    struct vault_index *i = NULL; /* a run that failed leaves files */
    if (index_open(dir_fd, encrypted, &i, NULL) == EX_OK)
        (void)!index_remove_all(i, NULL);
    index_close(i);
    (void)unlinkat(dir_fd, "lock", 0);
    ex_fd_close(dir_fd);
    (void)rmdir(path);
    return status == 0;
}

int main(int argc, char **argv) {
    uint64_t entries;
    if (argc < 2 || argc > 4 || !ex_parse_decimal(argv[1], strlen(argv[1]), &entries) ||
        entries == 0 || entries > UINT64_MAX / 64) {
        fprintf(stderr, "usage: index-bench ENTRIES [DIR [RUN]]\n");
        return 2;
    }
    const char *base = argc > 2 ? argv[2] : "/tmp";
    bool done = true;
    for (int mode = 0; mode < 4 && done; mode++)
        if (argc < 4 || argv[3][0] - '1' == mode)
            done = run_apart(base, entries, mode % 2 == 0, mode < 2);
    return done ? 0 : 1;
}
