/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: argv → request → app_run() → words or JSON, and an exit status. */
#include "app/app.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/prompt.h"
#include "cli/render.h"
#include "cli/show_progress.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct cli {
    struct request request;
    struct cli_page page;
    bool json, quiet;
    bool result_is_bytes; /* standard output belongs to the bytes of `--output -` */
};

/* A signal handler has no other way to reach it. */
static struct ex_progress progress;

static void on_signal(int number) {
    (void)number;
    atomic_store(&progress.stop, true);
}

/* A stream that is closed at the start would be the number of the next file that is opened, and
 * talk would go into the vault. What takes its place fails when it is used, as a closed one does:
 * nothing is collected from it, and no result is lost without a word. Only talk may be lost. */
static bool fill_closed_streams(void) {
    static const int flags[] = {
        [STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* The lowest number that is free is this one. */
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags[fd]) != fd)
            return false;
    }
    return true;
}

/* The first signal asks the work to end in order, a second one ends the process: nothing that was
 * acknowledged is lost by that. */
static void install_signals(void) {
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&stop.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGIO, &ignore, NULL); /* source/source.h asks for it */
}

#if defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_LOOKED_FOR
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_LOOKED_FOR
#endif
#endif

/* A crash must not put passphrases, keys or evidence on a disk, nor another process of the same
 * user read them here. The leak checker of a test build has to. */
static void keep_secrets_in_memory(void) {
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef LEAKS_ARE_LOOKED_FOR
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void install_language(void) {
    /* Not LC_NUMERIC: numbers look the same on every machine. */
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    bindtextdomain("exhibit", EXHIBIT_LOCALE_DIR);
    bind_textdomain_codeset("exhibit", "UTF-8");
    textdomain("exhibit");
}

static int end_with_error(struct cli *cli, const struct ex_error *err, const json_t *result) {
    fflush(stdout);
    if (cli->json)
        cli_put_error_json(stdout, cli->request.command, err, result);
    else
        cli_put_error(stderr, err);
    return ex_code_exit_status(err->code);
}

/* Two uses of standard output cannot be told apart by whoever reads it. */
static ex_code check_output(const struct cli *cli, struct ex_error *err) {
    if (!cli->result_is_bytes)
        return EX_OK;
    if (cli->json)
        return ex_hint(
            ex_fail(err, EX_USAGE, "%s", _("--json and a FILE of - both want standard output")),
            err, "%s", _("write to a file: --output FILE"));
    bool evidence = cli->request.command->run == app_export ||
                    cli->request.command->run == app_trace_cat ||
                    cli->request.command->run == app_trace_export ||
                    cli->request.command->run == app_timeline_export;
    if (evidence && isatty(STDOUT_FILENO))
        return ex_hint(ex_fail(err, EX_USAGE, "%s", _("evidence is not written to a terminal")),
                       err, "%s", _("add > FILE or | PROGRAM, or use --output FILE"));
    return EX_OK;
}

static enum show_form show_form(const struct cli *cli) {
    if (cli->quiet)
        return SHOW_NOTHING;
    if (cli->json)
        return SHOW_JSON;
    return isatty(STDERR_FILENO) ? SHOW_LINE : SHOW_PLAIN;
}

/* Runs the command; *ret_result is the caller's, also on failure. */
static ex_code run(struct cli *cli, json_t **ret_result, ex_code *ret_verdict,
                   struct ex_error *err) {
    struct cli_prompt prompt = {.file = getenv("EXHIBIT_PASSPHRASE_FILE"),
                                .new_file = getenv("EXHIBIT_NEW_PASSPHRASE_FILE"),
                                .recovery_file = getenv("EXHIBIT_RECOVERY_FILE"),
                                .no_input = cli->request.flag[FLAG_NO_INPUT] != NULL,
                                .talk = cli->json ? NULL : stderr,
                                .stop = &progress.stop};
    struct app_face face = {.passphrase = cli_prompt_passphrase,
                            .context = &prompt,
                            .progress = &progress,
                            .output_fd = STDOUT_FILENO};
    struct show_progress show = {
        .to = cli->json ? stdout : stderr, .form = show_form(cli), .command = cli->request.command};
    show_progress_begin(&show, &progress);
    ex_code code = app_run(&cli->request, &face, ret_result, ret_verdict, err);
    show_progress_end(&show);
    return code;
}

/* `help` is the one command that the face answers itself. */
static ex_code perform(struct cli *cli, json_t **ret_result, ex_code *ret_verdict,
                       struct ex_error *err) {
    if (cli->request.command->run != NULL) {
        EX_TRY(check_output(cli, err));
        return run(cli, ret_result, ret_verdict, err);
    }
    if (cli->json)
        return cli_help_json(&cli->request, ret_result, err);
    return cli_help(&cli->page, &cli->request, err);
}

static int end_empty(struct cli *cli) {
    struct ex_error err = {0};
    ex_hint(ex_fail(&err, EX_USAGE, "%s", _("no command was given")), &err, "%s",
            _("`exhibit help` lists the commands"));
    if (cli->json)
        return end_with_error(cli, &err, NULL);
    struct cli_page page = {.out = stderr, .talk = stderr};
    cli_help_overview(&page);
    return ex_code_exit_status(EX_USAGE);
}

/* What was printed must have arrived. */
static int close_output(int status) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    struct ex_error err = {0};
    ex_fail_sys(&err, "%s", _("could not write to standard output"));
    cli_put_error(stderr, &err);
    return status != 0 ? status : ex_code_exit_status(err.code);
}

static bool is_stdout(const char *output) {
    return output != NULL && strcmp(output, "-") == 0;
}

/* Records come and go by the thousand: what is freed stays with the process, instead of being given
 * back to the kernel, cleared, and asked for again. */
static void keep_freed_memory(void) {
    enum { MAPPED_FROM_BYTES = 16 << 20, TRIMMED_FROM_BYTES = 128 << 20 };
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIMMED_FROM_BYTES);
}

static int cli_main(int argc, char **argv) {
    struct cli cli = {.page = {.out = stdout, .talk = stderr}};
    struct ex_error err = {0};
    ex_code code = cli_parse(argc, argv, getenv("EXHIBIT_VAULT"), &cli.request, &err);
    cli.json = cli.request.flag[FLAG_JSON] != NULL;
    cli.quiet = cli.request.flag[FLAG_QUIET] != NULL;
    cli.page.advice = !cli.quiet;
    if (code != EX_OK)
        return end_with_error(&cli, &err, NULL);
    if (cli.request.command == NULL)
        return end_empty(&cli);
    cli.result_is_bytes = is_stdout(cli.request.flag[FLAG_OUTPUT]) ||
                          is_stdout(cli.request.flag[FLAG_RECOVERY_SHEET]);
    if (cli.result_is_bytes)
        cli.page.out = stderr;

    json_t *result = NULL;
    ex_code verdict = EX_OK;
    int status = 0;
    code = perform(&cli, &result, &verdict, &err);
    if (code != EX_OK) {
        status = end_with_error(&cli, &err, result);
    } else {
        status = ex_code_exit_status(verdict);
        if (cli.json)
            cli_put_summary(stdout, cli.request.command, verdict, result);
        else
            cli_render(&cli.page, cli.request.command, result);
    }
    json_decref(result);
    return status;
}

int main(int argc, char **argv) {
    if (!fill_closed_streams())
        return ex_code_exit_status(EX_INTERNAL);
    keep_secrets_in_memory();
    keep_freed_memory();
    install_language();
    install_signals();
    if (sodium_init() < 0) {
        fputs("exhibit: libsodium did not start\n", stderr);
        return ex_code_exit_status(EX_INTERNAL);
    }
    return close_output(cli_main(argc, argv));
}
