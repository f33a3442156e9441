/* SPDX-License-Identifier: Apache-2.0 */
/* The hive SYSTEM: the computer, its time zone, networks, USB devices and services. */
#include "parsers/system/system_internal.h"

#include <string.h>
#include <strings.h>

/* ---- the computer ---- */

static ex_code tell_computer(struct hive *h, const struct regf_key *set, struct ex_error *err) {
    static const struct hive_field NAME[] = {{"ComputerName", "computer-name"}, {NULL, NULL}};
    static const struct hive_field HOST[] = {{"Hostname", "host-name"},
                                             {"NV Hostname", "stored-host-name"},
                                             {"Domain", "domain"},
                                             {"NV Domain", "stored-domain"},
                                             {"DhcpDomain", "dhcp-domain"},
                                             {"NameServer", "name-servers"},
                                             {"DhcpNameServer", "dhcp-name-servers"},
                                             {NULL, NULL}};
    static const struct hive_field PRODUCT[] = {{"ProductType", "product-type"}, {NULL, NULL}};
    static const struct hive_field PROCESSOR[] = {{"PROCESSOR_ARCHITECTURE", "architecture"},
                                                  {NULL, NULL}};
    struct regf_key k;
    struct regf *r = &h->regf;
    bool named = regf_find(r, set, "Control\\ComputerName\\ComputerName", &k);
    EX_TRY(hive_record(h, "computer", named && hive_text(h, &k, "ComputerName") ? h->text : NULL,
                       named ? &k : set, err));
    if (named)
        EX_TRY(hive_fields(h, &k, NAME, err));
    if (regf_find(r, set, "Services\\Tcpip\\Parameters", &k))
        EX_TRY(hive_fields(h, &k, HOST, err));
    if (regf_find(r, set, "Control\\ProductOptions", &k))
        EX_TRY(hive_fields(h, &k, PRODUCT, err));
    if (regf_find(r, set, "Control\\Session Manager\\Environment", &k))
        EX_TRY(hive_fields(h, &k, PROCESSOR, err));
    return regf_find(r, set, "Control\\Windows", &k)
               ? hive_time(h, &k, "ShutdownTime", "last-shutdown", PARSER_MODIFIED,
                           "regf:ShutdownTime", err)
               : EX_OK;
}

static ex_code tell_minutes(struct hive *h, const struct regf_key *k, const char *value,
                            const char *attribute, struct ex_error *err) {
    uint64_t minutes;
    char text[16];
    if (!hive_number(h, k, value, &minutes))
        return EX_OK;
    (void)snprintf(text, sizeof text, "%d", (int)(int32_t)(uint32_t)minutes);
    return tell_text(h->records.run, attribute, text, err);
}

static ex_code tell_zone(struct hive *h, const struct regf_key *set, struct ex_error *err) {
    static const struct hive_field ZONE[] = {
        {"StandardName", "standard-name"}, {"DaylightName", "daylight-name"}, {NULL, NULL}};
    struct regf_key k;
    if (!regf_find(&h->regf, set, "Control\\TimeZoneInformation", &k))
        return EX_OK;
    /* The name of the zone is there since Windows Vista. */
    const char *value = hive_text(h, &k, "TimeZoneKeyName") ? "TimeZoneKeyName" : "StandardName";
    EX_TRY(hive_record(h, "time-zone", hive_text(h, &k, value) ? h->text : NULL, &k, err));
    if (hive_text(h, &k, value))
        EX_TRY(hive_attribute(h, "time-zone", err));
    EX_TRY(hive_fields(h, &k, ZONE, err));
    EX_TRY(tell_minutes(h, &k, "Bias", "bias-minutes", err));
    EX_TRY(tell_minutes(h, &k, "ActiveTimeBias", "active-bias-minutes", err));
    return tell_minutes(h, &k, "DaylightBias", "daylight-bias-minutes", err);
}

/* ---- networks ---- */

#define NETWORK_CLASS "{4D36E972-E325-11CE-BFC1-08002BE10318}"

/* The adapter that has this id among those that were set up. */
static ex_code tell_adapter(struct hive *h, const struct regf_key *set, const char *id,
                            struct ex_error *err) {
    static const struct hive_field ADAPTER[] = {
        {"DriverDesc", "adapter"}, {"NetworkAddress", "mac"}, {NULL, NULL}};
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, set, "Control\\Class\\" NETWORK_CLASS, &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k))
        if (hive_text(h, &k, "NetCfgInstanceId") && strcasecmp(h->text, id) == 0)
            return hive_fields(h, &k, ADAPTER, err);
    return EX_OK;
}

/* What holds: without DHCP what was set by hand; with it, that goes before what was given only
 * where it does in Windows, too: for the servers of names, and gateways. */
static ex_code tell_addresses(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct {
        const char *attribute, *set, *given;
        bool set_first;
    } FIELDS[] = {{"address", "IPAddress", "DhcpIPAddress", false},
                  {"mask", "SubnetMask", "DhcpSubnetMask", false},
                  {"gateway", "DefaultGateway", "DhcpDefaultGateway", true},
                  {"name-servers", "NameServer", "DhcpNameServer", true}};
    uint64_t dhcp = 0;
    bool given = hive_number(h, k, "EnableDHCP", &dhcp) && dhcp != 0;
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        bool set = (!given || FIELDS[i].set_first) && hive_text(h, k, FIELDS[i].set);
        if (set || (given && hive_text(h, k, FIELDS[i].given)))
            EX_TRY(hive_attribute(h, FIELDS[i].attribute, err));
    }
    return EX_OK;
}

static ex_code tell_lease(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    struct parser_run *run = h->records.run;
    uint64_t seconds;
    if (hive_number(h, k, "LeaseObtainedTime", &seconds))
        EX_TRY(system_tell_seconds(run, "lease-from", PARSER_ADDED, "regf:LeaseObtainedTime",
                                   seconds, err));
    if (hive_number(h, k, "LeaseTerminatesTime", &seconds))
        EX_TRY(system_tell_seconds(run, "lease-until", 0, "", seconds, err));
    return EX_OK;
}

static ex_code tell_interface(struct hive *h, const struct regf_key *set, const struct regf_key *k,
                              struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"DhcpIPAddress", "dhcp-address"},
                                               {"IPAddress", "set-address"},
                                               {"DhcpServer", "dhcp-server"},
                                               {"Domain", "domain"},
                                               {"DhcpDomain", "dhcp-domain"},
                                               {"DhcpNameServer", "dhcp-name-servers"},
                                               {"DhcpDefaultGateway", "dhcp-gateway"},
                                               {"EnableDHCP", "dhcp"},
                                               {NULL, NULL}};
    char id[REGF_NAME_BYTES], path[REGF_NAME_BYTES + 128];
    struct regf_key connection;
    bool any = false;
    for (size_t i = 0; FIELDS[i].value != NULL && !any; i++)
        any = hive_text(h, k, FIELDS[i].value);
    if (!any)
        return EX_OK;
    (void)snprintf(id, sizeof id, "%s", hive_key_name(h, k));
    (void)snprintf(path, sizeof path, "Control\\Network\\" NETWORK_CLASS "\\%s\\Connection", id);
    bool named = regf_find(&h->regf, set, path, &connection) && hive_text(h, &connection, "Name");
    EX_TRY(hive_record(h, "network-interface", named ? h->text : id, k, err));
    EX_TRY(tell_text(h->records.run, "interface-id", id, err));
    EX_TRY(tell_addresses(h, k, err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    EX_TRY(tell_adapter(h, set, id, err));
    return tell_lease(h, k, err);
}

static ex_code tell_interfaces(struct hive *h, const struct regf_key *set, struct ex_error *err) {
    struct regf_keys at = {0}, inner;
    struct regf_key k, below;
    if (!regf_find(&h->regf, set, "Services\\Tcpip\\Parameters\\Interfaces", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k)) {
        EX_TRY(tell_interface(h, set, &k, err));
        inner = (struct regf_keys){.above = k}; /* one for each wireless network */
        while (regf_next_key(&h->regf, &inner, &below))
            EX_TRY(tell_interface(h, set, &below, err));
    }
    return EX_OK;
}

/* ---- USB ---- */

/* "Disk&Ven_X&Prod_Y&Rev_Z", "VID_1234&PID_5678": what stands behind `word`, to the next "&". */
static ex_code tell_word(struct hive *h, const char *from, const char *word, const char *attribute,
                         struct ex_error *err) {
    const char *at = strcasestr(from, word);
    if (at == NULL)
        return EX_OK;
    at += strlen(word);
    return parser_trace_text(h->records.run, attribute, at, strcspn(at, "&"), err);
}

/* Times that Windows keeps of a device (DEVPKEY_Device_InstallDate and its neighbours): since
 * Windows 8 as the default value of a key, before in "Data" of a key below. */
static ex_code tell_device_times(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct {
        const char *number, *attribute;
        int what;
        const char *source;
    } TIMES[] = {
        {"0064", "installed", 0, ""},
        {"0065", "first-connected", PARSER_ADDED, "regf:first-install-date"},
        {"0066", "last-connected", PARSER_ACCESSED, "regf:last-arrival-date"},
        {"0067", "last-removed", 0, ""},
    };
    char path[128];
    struct regf_key at;
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++) {
        const char *value = "";
        (void)snprintf(path, sizeof path, "Properties\\{83da6326-97a6-4088-9453-a1923f573b29}\\%s",
                       TIMES[i].number);
        if (!regf_find(&h->regf, k, path, &at)) {
            (void)snprintf(path, sizeof path,
                           "Properties\\{83da6326-97a6-4088-9453-a1923f573b29}\\0000%s\\00000000",
                           TIMES[i].number);
            value = "Data";
            if (!regf_find(&h->regf, k, path, &at))
                continue;
        }
        EX_TRY(hive_time(h, &at, value, TIMES[i].attribute, TIMES[i].what, TIMES[i].source, err));
    }
    return EX_OK;
}

/* "@disk.inf,%disk_devdesc%;Disk drive": what stands behind the place where the text is kept. */
static const char *plain_text(const char *text) {
    const char *behind = text[0] == '@' ? strrchr(text, ';') : NULL;
    return behind == NULL ? text : behind + 1;
}

static ex_code tell_device(struct hive *h, const char *device, const struct regf_key *k,
                           struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"FriendlyName", "friendly-name"},
                                               {"DeviceDesc", "description"},
                                               {"Mfg", "manufacturer"},
                                               {"Service", "service"},
                                               {"ContainerID", "container-id"},
                                               {"LocationInformation", "location"},
                                               {"ParentIdPrefix", "parent-prefix"},
                                               {NULL, NULL}};
    char instance[REGF_NAME_BYTES];
    (void)snprintf(instance, sizeof instance, "%s", hive_key_name(h, k));
    bool named = hive_text(h, k, "FriendlyName") || hive_text(h, k, "DeviceDesc");
    EX_TRY(hive_record(h, "usb-device", named ? plain_text(h->text) : device, k, err));
    EX_TRY(tell_text(h->records.run, "device-id", device, err));
    EX_TRY(tell_text(h->records.run, "instance", instance, err));
    /* With "&" as its second character Windows made it, for the device gave no number. What stands
     * behind a later one is of Windows, too. */
    if (instance[0] != '\0' && instance[1] != '&')
        EX_TRY(parser_trace_text(h->records.run, "serial", instance, strcspn(instance, "&"), err));
    EX_TRY(tell_word(h, device, "Ven_", "vendor", err));
    EX_TRY(tell_word(h, device, "Prod_", "product", err));
    EX_TRY(tell_word(h, device, "Rev_", "revision", err));
    EX_TRY(tell_word(h, device, "VID_", "vendor", err));
    EX_TRY(tell_word(h, device, "PID_", "product", err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    return tell_device_times(h, k, err);
}

static ex_code tell_devices(struct hive *h, const struct regf_key *set, const char *path,
                            struct ex_error *err) {
    struct regf_keys at = {0}, inner;
    struct regf_key device, k;
    char name[REGF_NAME_BYTES];
    if (!regf_find(&h->regf, set, path, &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &device)) {
        (void)snprintf(name, sizeof name, "%s", hive_key_name(h, &device));
        inner = (struct regf_keys){.above = device};
        while (regf_next_key(&h->regf, &inner, &k))
            EX_TRY(tell_device(h, name, &k, err));
    }
    return EX_OK;
}

/* ---- services ---- */

static ex_code tell_service(struct hive *h, const struct regf_key *k, struct ex_error *err) {
    static const struct hive_field FIELDS[] = {{"DisplayName", "display-name"},
                                               {"Description", "description"},
                                               {"ImagePath", "command"},
                                               {"ObjectName", "account"},
                                               {"Group", "group"},
                                               {NULL, NULL}};
    static const struct hive_field PARAMETERS[] = {{"ServiceDll", "library"}, {NULL, NULL}};
    static const char *const START[] = {"boot", "system", "automatic", "manual", "disabled"};
    uint64_t start, type;
    struct regf_key parameters;
    if (!hive_number(h, k, "Type", &type))
        return EX_OK; /* what only keeps its settings there */
    EX_TRY(hive_record(h, "service", hive_key_name(h, k), k, err));
    EX_TRY(hive_fields(h, k, FIELDS, err));
    if (hive_number(h, k, "Start", &start) && start < sizeof START / sizeof START[0])
        EX_TRY(tell_text(h->records.run, "start", START[start], err));
    EX_TRY(
        tell_text(h->records.run, "service-type", (type & 0xb) != 0 ? "driver" : "program", err));
    return regf_find(&h->regf, k, "Parameters", &parameters)
               ? hive_fields(h, &parameters, PARAMETERS, err)
               : EX_OK;
}

static ex_code tell_services(struct hive *h, const struct regf_key *set, struct ex_error *err) {
    struct regf_keys at = {0};
    struct regf_key k;
    if (!regf_find(&h->regf, set, "Services", &at.above))
        return EX_OK;
    while (regf_next_key(&h->regf, &at, &k))
        EX_TRY(tell_service(h, &k, err));
    return EX_OK;
}

/* ---- programs that ran, by user ---- */

static ex_code tell_ran(struct hive *h, const struct regf_key *user, struct ex_error *err) {
    struct regf_values at = {.above = *user};
    struct regf_value v;
    char sid[REGF_NAME_BYTES];
    (void)snprintf(sid, sizeof sid, "%s", hive_key_name(h, user));
    while (regf_next_value(&h->regf, &at, &v)) {
        if (v.type != REGF_BINARY || !hive_take(h, &v) || h->raw_bytes < 8)
            continue;
        const char *name = hive_value_name(h, &v);
        EX_TRY(records_add(&h->records, "recent", name, strlen(name), err));
        EX_TRY(tell_text(h->records.run, "list", "bam", err));
        EX_TRY(tell_text(h->records.run, "sid", sid, err));
        EX_TRY(system_tell_filetime(h->records.run, "last-run", PARSER_ACCESSED, "regf:bam",
                                    hive_le(h->raw, 8), err));
    }
    return EX_OK;
}

static ex_code tell_ran_all(struct hive *h, const struct regf_key *set, struct ex_error *err) {
    static const char *const PLACES[] = {"Services\\bam\\State\\UserSettings",
                                         "Services\\bam\\UserSettings"};
    struct regf_key k;
    for (size_t i = 0; i < 2; i++) {
        struct regf_keys at = {0};
        if (!regf_find(&h->regf, set, PLACES[i], &at.above))
            continue;
        while (regf_next_key(&h->regf, &at, &k))
            EX_TRY(tell_ran(h, &k, err));
    }
    return EX_OK;
}

/* ---- all of it ---- */

/* Of the control sets the one that was in use; that none is named is no reason to guess one. */
ex_code windows_tell(struct hive *h, struct ex_error *err) {
    struct regf_key select, set;
    uint64_t current = 0;
    char name[24];
    if (!regf_find(&h->regf, &h->root, "Select", &select) ||
        !hive_number(h, &select, "Current", &current) || current > 999)
        return tell_problem(h->records.run, 0, "select", err, EX_FORMAT,
                            "it does not say which control set was in use");
    (void)snprintf(name, sizeof name, "ControlSet%03u", (unsigned)current);
    if (!regf_find(&h->regf, &h->root, name, &set))
        return tell_problem(h->records.run, 0, "select", err, EX_FORMAT,
                            "the control set that was in use is not there");
    EX_TRY(tell_computer(h, &set, err));
    EX_TRY(tell_zone(h, &set, err));
    EX_TRY(tell_interfaces(h, &set, err));
    EX_TRY(tell_devices(h, &set, "Enum\\USBSTOR", err));
    EX_TRY(tell_devices(h, &set, "Enum\\USB", err));
    EX_TRY(tell_ran_all(h, &set, err));
    return tell_services(h, &set, err);
}
