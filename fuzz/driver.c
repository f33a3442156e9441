/* SPDX-License-Identifier: Apache-2.0 */
/* Replays inputs through a fuzz target without a fuzzer: every file that is named, and every file
 * directly inside a directory that is named, in order of name. Prints TAP. An empty directory is a
 * failure: a replay of nothing proves nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_BYTES = 4096 };

static unsigned replayed;

static int fail(const char *path, const char *why) {
    printf("not ok %u - %s # %s\n", ++replayed, path, why);
    return 1;
}

static int replay_file(const char *path, size_t size_bytes) {
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return fail(path, "could not be opened");
    /* Exactly as large as the input, so that the address sanitizer sees the first byte too far. */
    uint8_t *data = malloc(size_bytes);
    if (data == NULL && size_bytes > 0)
        abort();
    size_t got = size_bytes > 0 ? fread(data, 1, size_bytes, f) : 0;
    fclose(f);
    int failed = 0;
    if (got != size_bytes)
        failed = fail(path, "could not be read");
    else if (LLVMFuzzerTestOneInput(data, size_bytes) != 0)
        failed = fail(path, "was refused by the target");
    else
        printf("ok %u - %s\n", ++replayed, path);
    fflush(stdout); /* so that a crash in the next one leaves this line behind */
    free(data);
    return failed;
}

static int not_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int replay(const char *path);

static int replay_directory(const char *path) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, not_hidden, alphasort);
    if (count < 0)
        return fail(path, "could not be listed");
    int failed = count == 0 ? fail(path, "is empty") : 0;
    for (int i = 0; i < count; i++) {
        char name[PATH_BYTES];
        if (snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name) >= (int)sizeof name)
            abort();
        failed |= replay(name);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

static int replay(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(path, "is not there");
    if (S_ISDIR(st.st_mode))
        return replay_directory(path);
    return replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE|DIRECTORY…\n", argv[0]);
        return 2;
    }
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("1..%u\n", replayed);
    return failed;
}
