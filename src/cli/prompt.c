/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/text.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { TRIES = 3 };

EX_DEFINE_AUTO(char, sodium_free);

static ex_code new_secret(char **ret, struct ex_error *err) {
    *ret = sodium_malloc(EX_LIMIT_PASSPHRASE_BYTES + 2);
    if (*ret == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for the passphrase");
    sodium_memzero(*ret, EX_LIMIT_PASSPHRASE_BYTES + 2);
    return EX_OK;
}

/* Where each secret comes from. */
static const char *variable_of(enum app_secret which) {
    switch (which) {
    case APP_NEW_PASSPHRASE:
        return "EXHIBIT_NEW_PASSPHRASE_FILE";
    case APP_RECOVERY_CODE:
        return "EXHIBIT_RECOVERY_FILE";
    case APP_PASSPHRASE:
    case APP_FIRST_PASSPHRASE:
        break;
    }
    return "EXHIBIT_PASSPHRASE_FILE";
}

static const char *file_of(const struct cli_prompt *prompt, enum app_secret which) {
    const char *file = which == APP_NEW_PASSPHRASE  ? prompt->new_file
                       : which == APP_RECOVERY_CODE ? prompt->recovery_file
                                                    : prompt->file;
    return file != NULL && file[0] != '\0' ? file : NULL;
}

/* The first line of what was read, without its end. */
static ex_code take_line(char *secret, size_t size, size_t *ret_bytes, const char *from,
                         struct ex_error *err) {
    const char *end = memchr(secret, '\n', size);
    size_t length = end == NULL ? size : (size_t)(end - secret);
    if (length > 0 && end != NULL && secret[length - 1] == '\r')
        length--;
    if (length > EX_LIMIT_PASSPHRASE_BYTES)
        return ex_fail(err, EX_LIMIT, _("the passphrase is longer than %zu bytes"),
                       EX_LIMIT_PASSPHRASE_BYTES);
    if (length == 0)
        return ex_fail(err, EX_DENIED, _("no passphrase in \"%s\""), from);
    sodium_memzero(secret + length, size - length);
    *ret_bytes = length;
    return EX_OK;
}

/* ---- from a file ---- */

static void warn_if_open(const struct cli_prompt *prompt, const char *file, int fd) {
    struct stat st;
    if (prompt->talk == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return;
    EX_AUTO_FREE char *name = cli_safe(file);
    fprintf(prompt->talk, _("exhibit: warning: others can read the passphrase in \"%s\""), name);
    fprintf(prompt->talk, "\n  %s chmod 600 \"%s\"\n", _("hint:"), name);
}

static ex_code read_secret_file(const struct cli_prompt *prompt, enum app_secret which, char **ret,
                                size_t *ret_bytes, struct ex_error *err) {
    const char *file = file_of(prompt, which);
    bool whole = which == APP_RECOVERY_CODE;
    EX_AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    /* What stands there is not repeated: it may be the passphrase itself, put there by mistake. */
    if (fd < 0)
        return ex_hint(ex_fail(err, EX_DENIED, _("could not open the file that %s names: %s"),
                               variable_of(which), strerror(errno)),
                       err, "%s", _("it takes the name of a file, not the passphrase itself"));
    warn_if_open(prompt, file, fd);
    EX_AUTO(sodium_free) char *secret = NULL;
    EX_TRY(new_secret(&secret, err));
    size_t size = 0;
    while (size < EX_LIMIT_PASSPHRASE_BYTES + 2 && (whole || memchr(secret, '\n', size) == NULL)) {
        ssize_t got = read(fd, secret + size, EX_LIMIT_PASSPHRASE_BYTES + 2 - size);
        if (got < 0 && errno == EINTR)
            return ex_fail(err, EX_INTERRUPTED, "%s", _("interrupted"));
        if (got < 0)
            return ex_fail_sys(err, _("could not read the passphrase file \"%s\""), file);
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_bytes = size;
    if (!whole)
        EX_TRY(take_line(secret, size, ret_bytes, file, err));
    *ret = ex_steal(&secret);
    return EX_OK;
}

/* ---- from the terminal ---- */

/* The terminal while a question is open: no echo, and no signal in between the moments when it can
 * be answered by putting the echo back. */
struct question {
    int tty;
    struct termios before;
    sigset_t mask_before;
};

static ex_code question_open(struct question *q, enum app_secret which, struct ex_error *err) {
    q->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (q->tty < 0 || tcgetattr(q->tty, &q->before) != 0) {
        ex_fd_close(q->tty);
        q->tty = -1;
        return ex_hint(
            ex_fail(err, EX_DENIED, "%s", _("there is no terminal to ask for the passphrase")), err,
            _("put it into a file and name that in %s"), variable_of(which));
    }
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        sigaddset(&mask, held[i]);
    pthread_sigmask(SIG_BLOCK, &mask, &q->mask_before);
    struct termios silent = q->before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    silent.c_lflag |= ECHONL | ICANON;
    tcsetattr(q->tty, TCSAFLUSH, &silent);
    return EX_OK;
}

static void question_close(struct question *q) {
    int saved = errno;
    tcsetattr(q->tty, TCSAFLUSH, &q->before);
    pthread_sigmask(SIG_SETMASK, &q->mask_before, NULL);
    ex_fd_close(q->tty);
    errno = saved;
}

static ex_code question_ask(const struct question *q, const char *text, char *secret,
                            size_t *ret_bytes, struct ex_error *err) {
    EX_TRY(ex_write_all(q->tty, text, strlen(text), "/dev/tty", err));
    /* Only SIGINT and SIGTERM may interrupt the wait: they have handlers, which return. */
    sigset_t waiting = q->mask_before;
    sigaddset(&waiting, SIGHUP);
    sigaddset(&waiting, SIGQUIT);
    sigaddset(&waiting, SIGTSTP);
    struct pollfd p = {.fd = q->tty, .events = POLLIN};
    if (ppoll(&p, 1, NULL, &waiting) < 0) {
        (void)!write(q->tty, "\n", 1);
        return ex_fail(err, EX_INTERRUPTED, "%s", _("interrupted while asking"));
    }
    ssize_t got = read(q->tty, secret, EX_LIMIT_PASSPHRASE_BYTES + 2);
    if (got < 0)
        return ex_fail_sys(err, "%s", _("could not read from the terminal"));
    return take_line(secret, (size_t)got, ret_bytes, "/dev/tty", err);
}

static ex_code ask(const atomic_bool *stop, const char *text, enum app_secret which, char **ret,
                   size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO(sodium_free) char *secret = NULL;
    EX_TRY(new_secret(&secret, err));
    struct question q;
    EX_TRY(question_open(&q, which, err));
    ex_code code = stop != NULL && atomic_load(stop)
                       ? ex_fail(err, EX_INTERRUPTED, "%s", _("interrupted"))
                       : question_ask(&q, text, secret, ret_bytes, err);
    question_close(&q);
    EX_TRY(code);
    *ret = ex_steal(&secret);
    return EX_OK;
}

static ex_code ask_once(const atomic_bool *stop, const char *officer, enum app_secret which,
                        char **ret, size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE char *name = cli_safe(officer);
    char text[256];
    if (which == APP_RECOVERY_CODE)
        (void)snprintf(text, sizeof text, "%s",
                       _("Recovery code, all 40 characters (they are not shown): "));
    else
        (void)snprintf(text, sizeof text, _("Passphrase of %.180s: "), name);
    return ask(stop, text, which, ret, ret_bytes, err);
}

static ex_code ask_twice(const atomic_bool *stop, const char *officer, enum app_secret which,
                         char **ret, size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE char *name = cli_safe(officer);
    char text[256];
    (void)snprintf(text, sizeof text, _("New passphrase of %.180s: "), name);
    for (int i = 0; i < TRIES; i++) {
        EX_AUTO(sodium_free) char *first = NULL;
        EX_AUTO(sodium_free) char *second = NULL;
        size_t first_size = 0;
        size_t second_size = 0;
        EX_TRY(ask(stop, text, which, &first, &first_size, err));
        EX_TRY(ask(stop, _("The same once more: "), which, &second, &second_size, err));
        if (first_size == second_size && sodium_memcmp(first, second, first_size) == 0) {
            *ret = ex_steal(&first);
            *ret_bytes = first_size;
            return EX_OK;
        }
        (void)snprintf(text, sizeof text, _("They differ. New passphrase of %.180s: "), name);
    }
    return ex_hint(ex_fail(err, EX_DENIED, "%s", _("the passphrases differ")), err, "%s",
                   _("type the same one twice"));
}

ex_code cli_prompt_passphrase(void *context, const char *officer, enum app_secret which, char **ret,
                              size_t *ret_bytes, struct ex_error *err) {
    const struct cli_prompt *prompt = context;
    if (officer == NULL)
        officer = _("the officer");
    if (file_of(prompt, which) != NULL)
        return read_secret_file(prompt, which, ret, ret_bytes, err);
    if (prompt->no_input)
        return ex_hint(which == APP_RECOVERY_CODE
                           ? ex_fail(err, EX_DENIED, "%s", _("the recovery code is needed"))
                           : ex_fail(err, EX_DENIED, _("the passphrase of %s is needed"), officer),
                       err, _("set %s, or leave out --no-input"), variable_of(which));
    if (which == APP_PASSPHRASE || which == APP_RECOVERY_CODE)
        return ask_once(prompt->stop, officer, which, ret, ret_bytes, err);
    return ask_twice(prompt->stop, officer, which, ret, ret_bytes, err);
}
