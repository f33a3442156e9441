/* SPDX-License-Identifier: Apache-2.0 */
/* For tests/scripts/signs.sh: our side of a comparison with minisign and ssh-keygen. No test
 * itself.
 *
 *     signs minisign-key KEY                     public key file of an OpenSSH private key file
 *     signs minisign-sign KEY TRUSTED <FILE      signature file
 *     signs minisign-verify PUB SIG <FILE        the trusted comment
 *     signs ssh-sign KEY NAMESPACE HASH <FILE    KEY: an OpenSSH private key file
 *     signs ssh-agent-sign PUB NAMESPACE HASH <FILE
 *     signs ssh-agent-list                       a line for each key
 *     signs ssh-verify SIGNERS PRINCIPAL NAMESPACE SECONDS SIG <FILE
 *
 * The exit status is that of the error, as in the product. */
#include "base/file.h"
#include "formats/comment.h"
#include "formats/minisign.h"
#include "formats/ssh_signers.h"
#include "formats/sshsig.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, PIECE_BYTES = 1000 };

static ex_code load(const char *path, char **ret, size_t *ret_bytes, struct ex_error *err) {
    uint8_t *data = NULL;
    EX_TRY(ex_read_file(AT_FDCWD, path, FILE_MAX, &data, ret_bytes, err));
    *ret = (char *)data;
    return EX_OK;
}

static ex_code load_key(const char *path, struct sign_key **ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    EX_TRY(load(path, &text, &size, err));
    return ssh_key_read_private(text, size, ret, err);
}

/* What comes on standard input, hashed in every way. */
static void hash_input(uint8_t ret[static MINISIGN_HASH_BYTES], struct sshsig_digest *ret_ssh) {
    struct minisign_hash m;
    struct sshsig_hash s;
    char piece[PIECE_BYTES];
    size_t got;
    minisign_hash_start(&m);
    sshsig_hash_start(&s, SSHSIG_SHA256 | SSHSIG_SHA512);
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0) {
        minisign_hash_add(&m, piece, got);
        sshsig_hash_add(&s, piece, got);
    }
    minisign_hash_end(&m, ret);
    sshsig_hash_end(&s, ret_ssh);
}

static enum sshsig_algorithm algorithm_of(const char *name) {
    return strcmp(name, "sha256") == 0 ? SSHSIG_SHA256 : SSHSIG_SHA512;
}

static ex_code minisign_key_command(char **args, struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    struct minisign_key label;
    char text[MINISIGN_KEY_TEXT_BYTES];
    EX_TRY(load_key(args[0], &key, err));
    minisign_key_make(sign_key_public(key), &label);
    fputs(minisign_key_text(&label, text), stdout);
    return EX_OK;
}

static ex_code minisign_sign_command(char **args, struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_AUTO_FREE char *text = NULL;
    uint8_t hash[MINISIGN_HASH_BYTES];
    struct sshsig_digest unused;
    size_t size;
    EX_TRY(load_key(args[0], &key, err));
    hash_input(hash, &unused);
    EX_TRY(minisign_sign(key, hash, NULL, args[1], &text, &size, err));
    fwrite(text, 1, size, stdout);
    return EX_OK;
}

static ex_code minisign_verify_command(char **args, struct ex_error *err) {
    EX_AUTO_FREE char *pub = NULL;
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE char *shown = NULL;
    struct minisign_key key;
    struct minisign m;
    uint8_t hash[MINISIGN_HASH_BYTES];
    struct sshsig_digest unused;
    size_t size;
    EX_TRY(load(args[0], &pub, &size, err));
    EX_TRY(minisign_key_parse(pub, size, &key, err));
    EX_TRY(load(args[1], &text, &size, err));
    EX_TRY(minisign_parse(text, size, &m, err));
    hash_input(hash, &unused);
    EX_TRY(minisign_verify(&m, &key, hash, err));
    EX_TRY(comment_display(m.trusted, m.trusted_bytes, &shown, err));
    puts(shown);
    return EX_OK;
}

static ex_code ssh_sign_command(char **args, struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_AUTO_FREE char *text = NULL;
    uint8_t unused[MINISIGN_HASH_BYTES];
    struct sshsig_digest digest;
    size_t size;
    EX_TRY(load_key(args[0], &key, err));
    hash_input(unused, &digest);
    EX_TRY(sshsig_sign(key, args[1], algorithm_of(args[2]), &digest, &text, &size, err));
    fwrite(text, 1, size, stdout);
    return EX_OK;
}

static ex_code ssh_agent_sign_command(char **args, struct ex_error *err) {
    EX_AUTO(ssh_agent_close) struct ssh_agent *agent = NULL;
    EX_AUTO_FREE char *line = NULL;
    EX_AUTO_FREE char *text = NULL;
    struct ssh_key key;
    uint8_t unused[MINISIGN_HASH_BYTES];
    struct sshsig_digest digest;
    size_t size;
    EX_TRY(load(args[0], &line, &size, err));
    EX_TRY(ssh_key_parse_line(line, size, &key, err));
    EX_TRY(ssh_agent_open(NULL, &agent, err));
    hash_input(unused, &digest);
    EX_TRY(sshsig_sign_by_agent(agent, &key, args[1], algorithm_of(args[2]), &digest, &text, &size,
                                err));
    fwrite(text, 1, size, stdout);
    return EX_OK;
}

static ex_code ssh_agent_list_command(char **args, struct ex_error *err) {
    EX_AUTO(ssh_agent_close) struct ssh_agent *agent = NULL;
    EX_AUTO_FREE struct ssh_agent_identity *list = NULL;
    size_t count, skipped;
    EX_TRY(ssh_agent_open(NULL, &agent, err));
    EX_TRY(ssh_agent_list(agent, &list, &count, &skipped, err));
    for (size_t i = 0; i < count; i++) {
        char fingerprint[SSH_KEY_FINGERPRINT_BYTES];
        printf("%s %s\n", ssh_key_fingerprint(&list[i].key, fingerprint), list[i].comment);
    }
    printf("skipped %zu\n", skipped);
    return EX_OK;
}

static ex_code ssh_verify_command(char **args, struct ex_error *err) {
    EX_AUTO(ssh_signers_free) struct ssh_signers *signers = NULL;
    EX_AUTO_FREE char *list = NULL;
    EX_AUTO_FREE char *text = NULL;
    struct ssh_signer found;
    struct sshsig sig;
    uint8_t unused[MINISIGN_HASH_BYTES];
    struct sshsig_digest digest;
    size_t size;
    EX_TRY(load(args[0], &list, &size, err));
    EX_TRY(ssh_signers_parse(list, size, &signers, err));
    EX_TRY(load(args[4], &text, &size, err));
    EX_TRY(sshsig_parse(text, size, &sig, err));
    hash_input(unused, &digest);
    EX_TRY(ssh_signers_find(signers, &sig.key, args[1], args[2], strtoll(args[3], NULL, 10), &found,
                            err));
    EX_TRY(sshsig_verify(&sig, &sig.key, args[2], &digest, NULL, err));
    printf("%s, line %zu\n", found.principals, found.line);
    return EX_OK;
}

static const struct {
    const char *name;
    int args;
    ex_code (*run)(char **args, struct ex_error *err);
} commands[] = {
    {"minisign-key", 1, minisign_key_command},       {"minisign-sign", 2, minisign_sign_command},
    {"minisign-verify", 2, minisign_verify_command}, {"ssh-sign", 3, ssh_sign_command},
    {"ssh-agent-sign", 3, ssh_agent_sign_command},   {"ssh-agent-list", 0, ssh_agent_list_command},
    {"ssh-verify", 5, ssh_verify_command},
};

int main(int argc, char **argv) {
    struct ex_error err = {0};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0 || argc != commands[i].args + 2)
            continue;
        ex_code code = commands[i].run(argv + 2, &err);
        if (code != EX_OK)
            fprintf(stderr, "signs: %s (%s)\n", err.text, err.hint);
        return ex_code_exit_status(code);
    }
    fputs("signs: no such command, or another number of arguments\n", stderr);
    return 2;
}
