/* SPDX-License-Identifier: Apache-2.0 */
/* The first line as a public key, the whole as a signed note, and as a checkpoint. */
#include "base/mem.h"
#include "crypto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key whose log is among the seeds, so that the lines of a known key are looked at too. */
static const char VKEY[] =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

static void one_key(const uint8_t *data, size_t size) {
    struct note_key key, again;
    char text[NOTE_VKEY_MAX];
    EX_AUTO_FREE char *vkey = ex_new0_bytes(size + 1);
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (size > 0)
        memcpy(vkey, data, end == NULL ? size : (size_t)(end - data));
    if (note_key_parse(vkey, &key, NULL) != EX_OK)
        return;
    /* There is one spelling of a key. */
    if (strcmp(note_key_text(&key, text), vkey) != 0 || note_key_parse(text, &again, NULL) != EX_OK)
        abort();
}

static void one_checkpoint(const char *text, size_t size) {
    struct checkpoint c;
    EX_AUTO_FREE char *again = NULL;
    size_t again_size;
    if (checkpoint_parse(text, size, &c, NULL) != EX_OK)
        return;
    /* What was parsed can be written, and is how the input begins. */
    if (checkpoint_text(&c, &again, &again_size, NULL) != EX_OK || again_size > size ||
        memcmp(again, text, again_size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* The same key twice: as one that signs notes, and as one that cosigns. */
    struct note_key keys[2];
    struct note_verified verified[2];
    size_t text_bytes = 0, count = 0;
    if (note_key_parse(VKEY, &keys[0], NULL) != EX_OK ||
        note_key_make(keys[0].name, NOTE_TYPE_COSIGNATURE, keys[0].public_key, &keys[1], NULL) !=
            EX_OK)
        abort();
    one_key(data, size);
    one_checkpoint((const char *)data, size);
    if (note_open((const char *)data, size, keys, 2, &text_bytes, verified, 2, &count, NULL) ==
        EX_OK) {
        if (text_bytes >= size || count == 0 || count > 2)
            abort();
        one_checkpoint((const char *)data, text_bytes);
    }
    return 0;
}
