/*
 * The walks of benches/snmp by libsnmp's single-session API, asynchronously: a session an agent, one epoll loop.
 *
 * walk V3 PORT AGENTS AT_ONCE ROUNDS ROWS REPETITIONS COMMUNITY USER AUTH_PASSWORD PRIV_PASSWORD
 *
 * Prints for each round microseconds of wall and processor time, most KiB of memory, requests and rows. The first
 * round holds the opening of the sessions: for SNMPv3 libsnmp finds the engine there, and waits for it. Passwords are
 * made into keys once for all agents, and rows are checked as any careful walk has to (under the column, increasing),
 * and counted.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static const oid COLUMN[] = {1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2};

struct walk {
    void *session;
    int socket;
    unsigned rows;
    int under_way;
    oid last[MAX_OID_LEN];
    size_t last_length;
};

static struct walk *walks;
static unsigned agents, started, ended;
static unsigned long requests, rows, repetitions, expected;

static void fail(const char *what) {
    snmp_perror(what);
    exit(1);
}

static long long micros(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static long long wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static struct rusage used(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

static long long processor(void) {
    struct rusage usage = used();
    return micros(usage.ru_utime) + micros(usage.ru_stime);
}

static void ask(struct walk *walk) {
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
    pdu->non_repeaters = 0;
    pdu->max_repetitions = repetitions;
    snmp_add_null_var(pdu, walk->last, walk->last_length);
    if (!snmp_sess_send(walk->session, pdu)) fail("send");
    requests++;
}

static void begin(struct walk *walk) {
    memcpy(walk->last, COLUMN, sizeof COLUMN);
    walk->last_length = OID_LENGTH(COLUMN);
    walk->rows = 0;
    walk->under_way = 1;
    ask(walk);
}

static int answered(int operation, netsnmp_session *session, int id, netsnmp_pdu *pdu, void *magic) {
    struct walk *walk = magic;
    (void)session, (void)id;
    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || pdu->command != SNMP_MSG_RESPONSE ||
        pdu->errstat != SNMP_ERR_NOERROR || !pdu->variables) {
        fprintf(stderr, "operation %d, command %d\n", operation, pdu ? pdu->command : 0);
        exit(1);
    }
    for (netsnmp_variable_list *row = pdu->variables; row; row = row->next_variable) {
        if (row->type == SNMP_ENDOFMIBVIEW ||
            snmp_oidtree_compare(row->name, row->name_length, COLUMN, OID_LENGTH(COLUMN)) != 0) {
            walk->under_way = 0;
            rows += walk->rows;
            ended++;
            if (walk->rows != expected) fail("rows");
            if (started < agents) begin(&walks[started++]);
            return 1;
        }
        if (snmp_oid_compare(row->name, row->name_length, walk->last, walk->last_length) <= 0) fail("order");
        walk->rows++;
        memcpy(walk->last, row->name, row->name_length * sizeof(oid));
        walk->last_length = row->name_length;
    }
    ask(walk);
    return 1;
}

static void open_all(int v3, int port, char **secrets, int epoll) {
    u_char auth[USM_AUTH_KU_LEN], priv[USM_PRIV_KU_LEN];
    size_t auth_length = sizeof auth, priv_length = sizeof priv;
    if (v3) {
        if (generate_Ku(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol), (u_char *)secrets[2],
                        strlen(secrets[2]), auth, &auth_length) != SNMPERR_SUCCESS ||
            generate_Ku(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol), (u_char *)secrets[3],
                        strlen(secrets[3]), priv, &priv_length) != SNMPERR_SUCCESS)
            fail("keys");
    }
    for (unsigned number = 0; number < agents; number++) {
        netsnmp_session session;
        char peer[64];
        struct in_addr address = {htonl(0x7f010001u + number)};
        snprintf(peer, sizeof peer, "udp:%s:%d", inet_ntoa(address), port);
        snmp_sess_init(&session);
        session.peername = peer;
        session.timeout = 5000000;
        session.retries = 1;
        session.callback = answered;
        session.callback_magic = &walks[number];
        if (v3) {
            session.version = SNMP_VERSION_3;
            session.securityName = secrets[1];
            session.securityNameLen = strlen(secrets[1]);
            session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
            session.securityAuthProto = (oid *)usmHMAC192SHA256AuthProtocol;
            session.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
            session.securityPrivProto = (oid *)usmAESPrivProtocol;
            session.securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
            memcpy(session.securityAuthKey, auth, auth_length);
            session.securityAuthKeyLen = auth_length;
            memcpy(session.securityPrivKey, priv, priv_length);
            session.securityPrivKeyLen = priv_length;
        } else {
            session.version = SNMP_VERSION_2c;
            session.community = (u_char *)secrets[0];
            session.community_len = strlen(secrets[0]);
        }
        walks[number].session = snmp_sess_open(&session);
        if (!walks[number].session) fail(peer);
        walks[number].socket = snmp_sess_transport(walks[number].session)->sock;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &walks[number]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, walks[number].socket, &event) != 0) fail("epoll");
    }
}

int main(int count, char **arguments) {
    if (count != 12) return 2;
    int v3 = atoi(arguments[1]), port = atoi(arguments[2]);
    agents = atoi(arguments[3]);
    unsigned at_once = atoi(arguments[4]), rounds = atoi(arguments[5]);
    expected = atoi(arguments[6]);
    repetitions = atoi(arguments[7]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    init_snmp("bench");

    walks = calloc(agents, sizeof *walks);
    int epoll = epoll_create1(0);
    netsnmp_large_fd_set ready;
    netsnmp_large_fd_set_init(&ready, agents + 64);
    NETSNMP_LARGE_FD_ZERO(&ready);
    long long begun = wall(), begun_cpu = processor();
    open_all(v3, port, arguments + 8, epoll);
    for (unsigned round = 0; round < rounds; round++) {
        started = ended = 0;
        requests = rows = 0;
        while (started < agents && started < at_once) begin(&walks[started++]);
        while (ended < agents) {
            struct epoll_event events[64];
            int found = epoll_wait(epoll, events, 64, 1000);
            for (int index = 0; index < found; index++) {
                struct walk *walk = events[index].data.ptr;
                NETSNMP_LARGE_FD_SET(walk->socket, &ready);
                snmp_sess_read2(walk->session, &ready);
                NETSNMP_LARGE_FD_CLR(walk->socket, &ready);
            }
            for (unsigned number = 0; found <= 0 && number < agents; number++)
                if (walks[number].under_way) snmp_sess_timeout(walks[number].session);
        }
        printf("round %lld %lld %ld %lu %lu\n", wall() - begun, processor() - begun_cpu, used().ru_maxrss, requests,
               rows);
        begun = wall(), begun_cpu = processor();
    }
    return 0;
}
