/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a policy. Nobody satisfies no quorum but "none", and more cosigners never do worse.
 */
#include "crypto/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    EX_AUTO(policy_free) struct policy *p = NULL;
    bool cosigned[POLICY_COSIGNERS_MAX] = {false};
    if (policy_parse(data, size, &p, NULL) != EX_OK)
        return 0;
    bool nobody = policy_asks_for_nobody(p), met = policy_met(p, cosigned);
    if (met != nobody || policy_log_count(p) > POLICY_LOGS_MAX ||
        policy_cosigner_count(p) > POLICY_COSIGNERS_MAX)
        abort();
    for (size_t i = 0; i < policy_cosigner_count(p); i++) {
        cosigned[i] = true;
        bool now = policy_met(p, cosigned);
        if (met && !now)
            abort();
        met = now;
    }
    if (!met) /* everybody is enough */
        abort();
    return 0;
}
