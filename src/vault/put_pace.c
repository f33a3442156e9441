/* SPDX-License-Identifier: Apache-2.0 */
/* How hard new data is compressed: as hard as there is time for. */
#include "vault/put_internal.h"

static const int LEVEL[] = {-3, -2, -1, 1, PACE_STRONGEST};
_Static_assert(RECORD_LEVEL_FASTEST == -3, "the first of them");

enum {
    STEPS = sizeof LEVEL / sizeof *LEVEL,
    STEP_AT_START = 3,
    WAITING_MANY = 8, /* for each core */
    RECORDS_FASTER = 4,
    RECORDS_STRONGER = 32
};

void pace_start(struct pace *p, unsigned cores) {
    p->cores = cores;
    p->step = STEP_AT_START;
    p->since = 0;
    atomic_init(&p->unbuilt, 0);
}

int pace_next(struct pace *p) {
    unsigned waiting = atomic_fetch_add(&p->unbuilt, 1);
    p->since++;
    if (waiting >= p->cores * WAITING_MANY && p->since >= RECORDS_FASTER && p->step > 0) {
        p->step--;
        p->since = 0;
    } else if (waiting <= p->cores && p->since >= RECORDS_STRONGER && p->step + 1 < STEPS) {
        p->step++;
        p->since = 0;
    }
    return LEVEL[p->step];
}
