/* SPDX-License-Identifier: Apache-2.0 */
/* Runs many commands of exhibit in one process, for tests/damage/run: that makes a try some
 * milliseconds. Each line of standard input is one command, fields separated by 0x1f:
 *
 *     PASSPHRASE-FILE  NEW-PASSPHRASE-FILE  CUT-AT  WORD…
 *
 * and each is answered by the one line of JSON that exhibit --json ends with. CUT-AT other than 0
 * interrupts a collection behind so many bytes, when resume points have been made on the way. */
#include "app/app.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/prompt.h"
#include "vault/vault.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 40, KDF_MEMO = 16, KDF_INPUT_MAX = 256, KEY_BYTES = 32 };

/* ---- the same passphrase and salt give the same key: it is computed once ---- */

struct memo {
    size_t size;
    uint8_t input[KDF_INPUT_MAX];
    uint8_t key[KEY_BYTES];
};

int __real_crypto_pwhash(unsigned char *out, unsigned long long size, const char *text,
                         unsigned long long text_size, const unsigned char *salt,
                         unsigned long long passes, size_t memory, int algorithm);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long size, const char *text,
                         unsigned long long text_size, const unsigned char *salt,
                         unsigned long long passes, size_t memory, int algorithm);

static void add(struct memo *m, const void *data, size_t size) {
    memcpy(m->input + m->size, data, size);
    m->size += size;
}

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long size, const char *text,
                         unsigned long long text_size, const unsigned char *salt,
                         unsigned long long passes, size_t memory, int algorithm) {
    static struct memo memo[KDF_MEMO];
    static unsigned next;
    struct memo m = {0};
    if (size != KEY_BYTES || text_size > 128)
        return __real_crypto_pwhash(out, size, text, text_size, salt, passes, memory, algorithm);
    add(&m, salt, crypto_pwhash_SALTBYTES);
    add(&m, &passes, sizeof passes);
    add(&m, &memory, sizeof memory);
    add(&m, &algorithm, sizeof algorithm);
    add(&m, text, text_size);
    for (unsigned i = 0; i < KDF_MEMO; i++) {
        if (memo[i].size == m.size && memcmp(memo[i].input, m.input, m.size) == 0) {
            memcpy(out, memo[i].key, KEY_BYTES);
            return 0;
        }
    }
    int status = __real_crypto_pwhash(out, size, text, text_size, salt, passes, memory, algorithm);
    if (status == 0) {
        memcpy(m.key, out, KEY_BYTES);
        memo[next++ % KDF_MEMO] = m;
    }
    return status;
}

/* ---- a collection that is cut off ---- */

static uint64_t cut_at; /* 0: none is */

ex_code __real_vault_put(struct vault *v, struct source *source,
                         const struct vault_put_options *options, struct ex_progress *progress,
                         struct vault_object_info *ret_object, struct vault_put_report *ret_report,
                         struct ex_error *err);
ex_code __wrap_vault_put(struct vault *v, struct source *source,
                         const struct vault_put_options *options, struct ex_progress *progress,
                         struct vault_object_info *ret_object, struct vault_put_report *ret_report,
                         struct ex_error *err);

ex_code __wrap_vault_put(struct vault *v, struct source *source,
                         const struct vault_put_options *options, struct ex_progress *progress,
                         struct vault_object_info *ret_object, struct vault_put_report *ret_report,
                         struct ex_error *err) {
    struct vault_put_options o = *options;
    if (cut_at > 0)
        o.resume_every_bytes = 1 << 20;
    return __real_vault_put(v, source, &o, progress, ret_object, ret_report, err);
}

static void stop_when_cut(struct ex_progress *progress, void *context) {
    const struct timespec moment = {.tv_nsec = 100000000};
    (void)context;
    if (atomic_load(&progress->done_bytes) < cut_at)
        return;
    (void)nanosleep(&moment, NULL); /* the resume points are written by another thread */
    atomic_store(&progress->stop, true);
}

/* ---- commands ---- */

static void answer(int argc, char **argv, const char *passphrase, const char *new_passphrase) {
    struct request request = {0};
    struct ex_error err = {0};
    struct ex_progress progress = {.phase = "", .show = cut_at > 0 ? stop_when_cut : NULL};
    struct cli_prompt prompt = {.file = passphrase, .new_file = new_passphrase, .no_input = true};
    struct app_face face = {.passphrase = cli_prompt_passphrase,
                            .context = &prompt,
                            .progress = &progress,
                            .output_fd = STDERR_FILENO};
    json_t *result = NULL;
    ex_code verdict = EX_OK;
    ex_code code = cli_parse(argc, argv, NULL, &request, &err);
    if (code == EX_OK)
        code = app_run(&request, &face, &result, &verdict, &err);
    if (code == EX_OK)
        cli_put_summary(stdout, request.command, verdict, result);
    else
        cli_put_error_json(stdout, request.command, &err, result);
    json_decref(result);
}

static void answer_line(char *line) {
    char *field[WORDS_MAX], *rest = line;
    int count = 0;
    line[strcspn(line, "\n")] = '\0';
    while (count < WORDS_MAX - 1 && (field[count] = strsep(&rest, "\x1f")) != NULL)
        count++;
    field[count] = NULL;
    if (count < 4)
        return;
    cut_at = strtoull(field[2], NULL, 10);
    field[2] = field[1]; /* argv[0] is not looked at */
    answer(count - 2, field + 2, field[0], field[1]);
}

int main(void) {
    EX_AUTO_FREE char *line = NULL;
    size_t room = 0;
    if (sodium_init() < 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN);
    while (getline(&line, &room, stdin) > 0)
        answer_line(line);
    return 0;
}
