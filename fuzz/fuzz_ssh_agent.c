/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of an ssh-agent, as a list of keys and as a signature. */
#include "base/mem.h"
#include "formats/comment.h"
#include "formats/ssh_agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    EX_AUTO_FREE struct ssh_agent_identity *list = NULL;
    const uint8_t *signature = NULL;
    size_t count = 0, skipped = 0, signature_bytes = 0;
    if (ssh_agent_parse_list(data, size, &list, &count, &skipped, NULL) == EX_OK) {
        if (count + skipped > SSH_AGENT_KEYS_MAX)
            abort();
        for (size_t i = 0; i < count; i++) {
            if (!comment_valid(list[i].comment, strlen(list[i].comment)))
                abort();
        }
    }
    if (ssh_agent_parse_signature(data, size, &signature, &signature_bytes, NULL) == EX_OK &&
        (signature < data || signature + signature_bytes != data + size))
        abort();
    return 0;
}
