/* SPDX-License-Identifier: Apache-2.0 */
/* The passphrase from a file, and from a terminal of our own. */
#include "testing.h"

#include "cli/prompt.h"
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char directory[] = "/tmp/exhibit-prompt-XXXXXX";
static char path[64];

static int make_directory(void **state) {
    (void)state;
    if (sodium_init() < 0 || mkdtemp(directory) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/passphrase", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

static void write_file(const char *data, size_t size, mode_t mode) {
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* The passphrase of a file with this text; the warning in *ret_talk when asked for. */
static ex_code from_file(const char *text, mode_t mode, char *ret, size_t room, char **ret_talk) {
    write_file(text, strlen(text), mode);
    char *talk = NULL;
    size_t talk_size = 0;
    struct cli_prompt prompt = {.file = path, .talk = open_memstream(&talk, &talk_size)};
    char *secret = NULL;
    size_t size = 0;
    struct ex_error err = {0};
    ex_code code =
        cli_prompt_passphrase(&prompt, "Dara", APP_FIRST_PASSPHRASE, &secret, &size, &err);
    if (code == EX_OK)
        (void)snprintf(ret, room, "%.*s", (int)size, secret);
    sodium_free(secret);
    fclose(prompt.talk);
    if (ret_talk != NULL)
        *ret_talk = talk;
    else
        free(talk);
    return code;
}

static void the_first_line_of_the_file_is_it(void **state) {
    (void)state;
    char got[64];
    assert_int_equal(from_file("correct horse\nsecond\n", 0600, got, sizeof got, NULL), EX_OK);
    assert_string_equal(got, "correct horse");
    assert_int_equal(from_file("no end", 0600, got, sizeof got, NULL), EX_OK);
    assert_string_equal(got, "no end");
    assert_int_equal(from_file(" spaces \r\n", 0600, got, sizeof got, NULL), EX_OK);
    assert_string_equal(got, " spaces ");
}

static void no_passphrase_is_denied(void **state) {
    (void)state;
    char got[64];
    assert_int_equal(from_file("", 0600, got, sizeof got, NULL), EX_DENIED);
    assert_int_equal(from_file("\nlater\n", 0600, got, sizeof got, NULL), EX_DENIED);
    assert_int_equal(from_file("\r\n", 0600, got, sizeof got, NULL), EX_DENIED);
    struct cli_prompt prompt = {.file = "/does/not/exist"};
    struct ex_error err = {0};
    char *secret = NULL;
    size_t size = 0;
    assert_int_equal(cli_prompt_passphrase(&prompt, "Dara", APP_PASSPHRASE, &secret, &size, &err),
                     EX_DENIED);
    prompt = (struct cli_prompt){.no_input = true};
    assert_int_equal(cli_prompt_passphrase(&prompt, "Dara", APP_PASSPHRASE, &secret, &size, &err),
                     EX_DENIED);
    assert_has(err.hint, "EXHIBIT_PASSPHRASE_FILE");
    assert_null(secret);
}

/* Each secret has its own variable; a recovery code may stand on several lines. */
static void other_secrets_come_from_their_own_files(void **state) {
    (void)state;
    static const char code[] = "000GD-40R4X\n0M300-E209K\n";
    struct ex_error err = {0};
    char *secret = NULL;
    size_t size = 0;
    write_file(code, strlen(code), 0600);
    struct cli_prompt prompt = {.file = "/does/not/exist", .recovery_file = path};
    assert_int_equal(
        cli_prompt_passphrase(&prompt, "Dara", APP_RECOVERY_CODE, &secret, &size, &err), EX_OK);
    assert_int_equal(size, strlen(code));
    assert_memory_equal(secret, code, size);
    sodium_free(secret);
    secret = NULL;
    prompt = (struct cli_prompt){.file = "/does/not/exist", .new_file = path};
    assert_int_equal(
        cli_prompt_passphrase(&prompt, "Dara", APP_NEW_PASSPHRASE, &secret, &size, &err), EX_OK);
    assert_int_equal(size, strlen("000GD-40R4X"));
    sodium_free(secret);
    secret = NULL;
    /* The present passphrase is never taken for the new one. */
    prompt = (struct cli_prompt){.file = path, .no_input = true};
    assert_int_equal(
        cli_prompt_passphrase(&prompt, "Dara", APP_NEW_PASSPHRASE, &secret, &size, &err),
        EX_DENIED);
    assert_has(err.hint, "EXHIBIT_NEW_PASSPHRASE_FILE");
    assert_int_equal(
        cli_prompt_passphrase(&prompt, "Dara", APP_RECOVERY_CODE, &secret, &size, &err), EX_DENIED);
    assert_has(err.hint, "EXHIBIT_RECOVERY_FILE");
    assert_null(secret);
}

static void the_length_has_a_limit(void **state) {
    (void)state;
    static char text[6000];
    static char got[6000];
    memset(text, 'x', 4096);
    assert_int_equal(from_file(text, 0600, got, sizeof got, NULL), EX_OK);
    assert_int_equal(strlen(got), 4096);
    memset(text, 'x', 4097);
    assert_int_equal(from_file(text, 0600, got, sizeof got, NULL), EX_LIMIT);
    memset(text, 'x', 5999);
    assert_int_equal(from_file(text, 0600, got, sizeof got, NULL), EX_LIMIT);
}

static void a_file_that_others_can_read_is_warned_about(void **state) {
    (void)state;
    char got[64];
    char *talk = NULL;
    assert_int_equal(from_file("secret\n", 0640, got, sizeof got, &talk), EX_OK);
    assert_has(talk, "others can read");
    free(talk);
    assert_int_equal(from_file("secret\n", 0600, got, sizeof got, &talk), EX_OK);
    assert_string_equal(talk, "");
    free(talk);
}

/* ---- a terminal ---- */

static atomic_bool stopped;

static void on_interrupt(int number) {
    (void)number;
    atomic_store(&stopped, true);
}

/* In the child: asks, and ends with 100 + the code, or 100 when the passphrase is as expected and
 * the terminal echoes again. */
static void ask_in_child(bool again) {
    struct sigaction act = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &act, NULL);
    struct cli_prompt prompt = {.stop = &stopped};
    char *secret = NULL;
    size_t size = 0;
    ex_code code = cli_prompt_passphrase(&prompt,
                                         "Da\x1b"
                                         "ra",
                                         again, &secret, &size, NULL);
    struct termios now;
    if (tcgetattr(STDIN_FILENO, &now) != 0 || (now.c_lflag & ECHO) == 0)
        _exit(99);
    if (code == EX_OK && (size != 6 || memcmp(secret, "secret", 6) != 0))
        _exit(98);
    _exit(100 + (int)code);
}

/* Types each line when the child has asked with a text that ends in ": ". Gives the child's exit
 * status; *screen has all that the terminal showed. */
static int converse(bool again, const char *const *lines, char *screen, size_t room) {
    int master = -1;
    pid_t child = forkpty(&master, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0)
        ask_in_child(again);
    size_t used = 0;
    for (;;) {
        ssize_t got = read(master, screen + used, room - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        screen[used] = '\0';
        if (*lines != NULL && used >= 2 && strcmp(screen + used - 2, ": ") == 0) {
            assert_true(write(master, *lines, strlen(*lines)) > 0);
            lines++;
        }
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(master);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_terminal_does_not_show_it(void **state) {
    (void)state;
    char screen[1024] = "";
    const char *const lines[] = {"secret\n", NULL};
    assert_int_equal(converse(false, lines, screen, sizeof screen), 100);
    assert_has(screen, "Passphrase of Da\\x1bra: ");
    assert_has_not(screen, "secret");
}

static void a_new_one_is_asked_for_twice(void **state) {
    (void)state;
    char screen[1024] = "";
    const char *const lines[] = {"secret\n", "secrets\n", "secret\n", "secret\n", NULL};
    assert_int_equal(converse(true, lines, screen, sizeof screen), 100);
    assert_has(screen, "once more");
    assert_has(screen, "They differ");
    assert_has_not(screen, "secret");
}

static void an_interrupt_ends_the_question(void **state) {
    (void)state;
    char screen[1024] = "";
    const char *const lines[] = {"\x03", NULL};
    assert_int_equal(converse(false, lines, screen, sizeof screen), 100 + EX_INTERRUPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_of_the_file_is_it),
        cmocka_unit_test(no_passphrase_is_denied),
        cmocka_unit_test(other_secrets_come_from_their_own_files),
        cmocka_unit_test(the_length_has_a_limit),
        cmocka_unit_test(a_file_that_others_can_read_is_warned_about),
        cmocka_unit_test(the_terminal_does_not_show_it),
        cmocka_unit_test(a_new_one_is_asked_for_twice),
        cmocka_unit_test(an_interrupt_ends_the_question),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
