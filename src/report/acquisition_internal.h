/* SPDX-License-Identifier: Apache-2.0 */
/* Inside an acquisition report: values of its document, put on the form. */
#ifndef EXHIBIT_REPORT_ACQUISITION_INTERNAL_H
#define EXHIBIT_REPORT_ACQUISITION_INTERNAL_H

#include "report/document_internal.h"
#include "report/form_internal.h"

enum { ACQUISITION_RANGES_SHOWN = 1000 };

uint64_t acquisition_number(const json_t *from, const char *path); /* 0: none */

/* Facts; where the value is not there nothing is added, unless `needed`: then "not recorded". */
void acquisition_put_text(struct form *f, const char *name, const json_t *from, const char *path,
                          bool needed);
/* Of what may be unknown: "not known". */
void acquisition_put_known(struct form *f, const char *name, const json_t *from, const char *path);
void acquisition_put_time(struct form *f, const char *name, const json_t *from, const char *path,
                          bool needed);
void acquisition_put_bytes(struct form *f, const char *name, const json_t *from, const char *path,
                           bool needed);
void acquisition_put_number(struct form *f, const char *name, const json_t *from, const char *path,
                            bool needed);
void acquisition_put_answer(struct form *f, const char *name, const json_t *from,
                            const char *path); /* yes, no, not known */
/* "Name (entry 7)" as a heading; 0: no entry. */
void acquisition_put_heading(struct form *f, const char *title, const json_t *entry);

/* ---- what stands out, and second readings: acquisition_result.c ---- */

void acquisition_put_result(struct form *f, const json_t *report);
void acquisition_put_again(struct form *f, const json_t *item);

/* ---- what was not read: acquisition_unread.c ---- */

void acquisition_put_unread(struct form *f, const json_t *report, const json_t *item);

/* ---- a block device (json.md §4.11): acquisition_device.c ---- */

void acquisition_put_device(struct form *f, const json_t *sitting);
void acquisition_put_device_after(struct form *f, const json_t *before, const json_t *outcome);

/* ---- a folder (`folder` of json.md §4.1; NULL: it is none): acquisition_folder.c ---- */

void acquisition_put_folder(struct form *f, const json_t *folder, const json_t *entry);

/* ---- an image (`container` of json.md §4.1; NULL: it is none): acquisition_container.c ---- */

void acquisition_put_container(struct form *f, const json_t *container, const json_t *entry);

#endif
