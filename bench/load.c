/* The load generator: many WebSocket clients in one thread, on 127.0.0.1.
 *
 * It joins, posts, counts and times, and reads the CPU clocks of the servers over exactly the seconds
 * that it measures.  One line of JSON on standard output says what it saw.  It is in C and does
 * next to nothing for each frame, so that what is measured is the server; `own_cpu` in the result says
 * how near it was to its own limit (1 is a whole core).
 *
 *   load fanout  subscribers hear what is posted: at --rate posts/s, or as fast as all of it is heard
 *   load acks    posters keep --window posts in flight and count what is acknowledged
 *   load join    connects, waits for the upgrade (and --first frames), closes, again
 *   load replay  connects once and counts --count frames
 *   load hold    connects, says so, and stays until standard input ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define MARK "@@" /* before 16 hexadecimal digits: when it was posted, in ns */
#define MAX_PIDS 64

enum state { CONNECTING, UPGRADING, OPENING, OPEN, CLOSING, GONE };
enum role { SUBSCRIBER, POSTER };

struct client {
    int fd, inflight;
    enum state state;
    enum role role;
    bool stalled, asked_to_write;
    uint64_t started;
    long frames;
    char *rest; /* what came of a frame that is not whole yet */
    size_t rest_size;
    char *unsent;
    size_t unsent_size;
};

struct address {
    int port;
    const char *path;
    char headers[4096];
};

static struct {
    const char *mode, *template, *hello;
    struct address subscribe, post;
    int subscribers, stalled, posters, window, concurrency, pids[MAX_PIDS], pid_count;
    double rate, warmup, seconds;
    long count, first;
    bool engineio;
} options = {.mode = "fanout", .template = "", .subscribers = 100, .posters = 1, .window = 50,
             .concurrency = 32, .warmup = 1, .seconds = 5, .count = 10000};

static int poller;
static char buffer[BUFFER];
static struct client *clients;
static int client_count, open_count, live_subscribers;
static long deliveries, acks, errors, posted, joined, lost;
static bool measuring;

/* ---------------------------------------------------------------- time, CPU, latency */

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

/* CPU time of a process, user and system, all its threads, in seconds. */
static double cpu_of(int pid) {
    struct timespec t;
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) die("process %d is gone", pid);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Latencies in buckets of 1/64 of a power of two: exact to 1.6 %. */
static uint64_t histogram[64 * 64], samples, slowest;

static void note_latency(uint64_t ns) {
    int power = 63 - __builtin_clzll(ns | 64);
    histogram[(power - 6) * 64 + (int)((ns >> (power - 6)) & 63)]++;
    samples++;
    if (ns > slowest) slowest = ns;
}

static double quantile(double part) {
    uint64_t wanted = (uint64_t)(part * (double)samples), seen = 0;
    for (int i = 0; i < 64 * 58; i++)
        if ((seen += histogram[i]) > wanted)
            return (double)((64ull + (uint64_t)(i % 64)) << (i / 64)) / 1e6;
    return (double)slowest / 1e6;
}

/* ---------------------------------------------------------------- one client */

static void watch(struct client *c, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &event)) die("epoll: %s", strerror(errno));
}

static void send_bytes(struct client *c, const char *bytes, size_t size) {
    ssize_t sent = c->unsent_size ? 0 : send(c->fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0) sent = 0;
    if ((size_t)sent == size) return;
    c->unsent = realloc(c->unsent, c->unsent_size + size - (size_t)sent);
    memcpy(c->unsent + c->unsent_size, bytes + sent, size - (size_t)sent);
    c->unsent_size += size - (size_t)sent;
    if (!c->asked_to_write) watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    c->asked_to_write = true;
}

static void flush(struct client *c) {
    ssize_t sent = send(c->fd, c->unsent, c->unsent_size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    memmove(c->unsent, c->unsent + sent, c->unsent_size - (size_t)sent);
    c->unsent_size -= (size_t)sent;
    if (c->unsent_size) return;
    c->asked_to_write = false;
    watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

/* A client's frame is masked (RFC 6455, 5.3); a mask of zeros leaves the payload as it is. */
static void send_frame(struct client *c, int opcode, const char *payload, size_t size) {
    char frame[8192];
    size_t at = 0;
    if (size > sizeof frame - 16) die("a frame of %zu bytes is too long", size);
    frame[at++] = (char)(0x80 | opcode);
    if (size < 126) {
        frame[at++] = (char)(0x80 | size);
    } else {
        frame[at++] = (char)(0x80 | 126);
        frame[at++] = (char)(size >> 8);
        frame[at++] = (char)size;
    }
    memset(frame + at, 0, 4);
    memcpy(frame + at + 4, payload, size);
    send_bytes(c, frame, at + 4 + size);
}

static void begin(struct client *c) {
    const struct address *to = c->role == POSTER ? &options.post : &options.subscribe;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to->port)};
    int one = 1;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->state = CONNECTING;
    c->frames = c->inflight = 0;
    c->rest_size = c->unsent_size = 0;
    c->asked_to_write = true;
    c->started = now();
    if (connect(c->fd, (struct sockaddr *)&where, sizeof where) && errno != EINPROGRESS)
        die("connect: %s", strerror(errno));
    watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

static void upgrade(struct client *c) {
    const struct address *to = c->role == POSTER ? &options.post : &options.subscribe;
    char request[8192];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) die("connect to %d: %s", to->port, strerror(error));
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                          to->path, to->port, to->headers);
    c->state = UPGRADING;
    c->asked_to_write = false;
    watch(c, EPOLLIN, EPOLL_CTL_MOD);
    send_bytes(c, request, (size_t)length);
}

static void end(struct client *c) {
    if (c->state == OPEN) open_count--;
    if (c->state == OPEN && !strcmp(options.mode, "fanout")) lost++;
    c->state = GONE;
    close(c->fd);
    free(c->rest);
    free(c->unsent);
    c->rest = c->unsent = NULL;
    c->rest_size = c->unsent_size = 0;
}

static void opened(struct client *c) {
    c->state = OPEN;
    open_count++;
    if (c->stalled) epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    if (strcmp(options.mode, "join")) return;
    joined += measuring;
    if (measuring) note_latency(now() - c->started);
    send_frame(c, 8, "\x03\xe8", 2);
    c->state = CLOSING;
    open_count--;
}

static void heard(struct client *c, char *text, size_t size) {
    c->frames++;
    if (options.engineio && size && text[0] == '2') { /* engine.io's ping */
        send_frame(c, 1, "3", 1);
        return;
    }
    if (c->state == OPENING) {
        if (options.engineio && text[0] == '0') send_frame(c, 1, "40", 2);
        if (options.engineio ? size > 1 && text[0] == '4' && text[1] == '0' : c->frames >= options.first)
            opened(c);
        return;
    }
    char *mark = memmem(text, size, MARK, 2);
    if (mark && c->role == SUBSCRIBER) {
        deliveries++;
        if (!measuring || size - (size_t)(mark - text) < 18) return;
        char digits[17] = {0};
        memcpy(digits, mark + 2, 16);
        note_latency(now() - strtoull(digits, NULL, 16));
    } else if (memmem(text, size < 40 ? size : 40, "\"ping\"", 6)) {
        send_frame(c, 1, "{\"type\":\"pong\"}", 15);
    } else if (memmem(text, size < 40 ? size : 40, "\"ack\"", 5)) {
        acks++;
        c->inflight--;
    } else if (memmem(text, size < 40 ? size : 40, "\"error\"", 7)) {
        if (!errors++) fprintf(stderr, "load: first error: %.*s\n", (int)size, text);
        c->inflight--;
    }
}

/* Takes whole frames off the front; returns how many bytes they were. */
static size_t take_frames(struct client *c, char *bytes, size_t size) {
    size_t at = 0;
    while (size - at >= 2 && c->state != GONE) {
        unsigned char *head = (unsigned char *)bytes + at;
        size_t length = head[1] & 127, header = length == 126 ? 4 : length == 127 ? 10 : 2;
        if (size - at < header) break;
        if (length >= 126) {
            length = 0;
            for (size_t i = 2; i < header; i++) length = length << 8 | head[i];
        }
        if (size - at < header + length) break;
        if ((head[0] & 15) == 1) heard(c, bytes + at + header, length);
        if ((head[0] & 15) == 9) send_frame(c, 10, bytes + at + header, length);
        if ((head[0] & 15) == 8 && c->state != CLOSING) {
            if (!errors++ && length >= 2)
                fprintf(stderr, "load: closed with %d\n", head[header] << 8 | head[header + 1]);
        }
        at += header + length;
    }
    return at;
}

static size_t take_upgrade(struct client *c, char *bytes, size_t size) {
    char *blank = memmem(bytes, size, "\r\n\r\n", 4);
    if (!blank) return 0;
    if (size < 12 || memcmp(bytes + 9, "101", 3)) die("refused: %.*s", (int)(size < 300 ? size : 300), bytes);
    c->state = OPENING;
    if (options.hello) send_frame(c, 1, options.hello, strlen(options.hello));
    if (!options.engineio && !options.first) opened(c);
    return (size_t)(blank + 4 - bytes);
}

static void readable(struct client *c) {
    memcpy(buffer, c->rest, c->rest_size);
    ssize_t got = recv(c->fd, buffer + c->rest_size, BUFFER - c->rest_size, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (c->state == CONNECTING || c->state == UPGRADING) die("hung up before the upgrade");
        bool again = !strcmp(options.mode, "join");
        end(c);
        if (again) begin(c);
        return;
    }
    size_t size = c->rest_size + (size_t)got, at = 0;
    if (c->state == UPGRADING) at = take_upgrade(c, buffer, size);
    if (c->state != UPGRADING) at += take_frames(c, buffer + at, size - at);
    if (c->state == GONE) return;
    c->rest_size = size - at;
    c->rest = realloc(c->rest, c->rest_size + 1);
    memcpy(c->rest, buffer + at, c->rest_size);
}

static void turn(int timeout) {
    struct epoll_event events[512];
    int count = epoll_wait(poller, events, 512, timeout);
    for (int i = 0; i < count; i++) {
        struct client *c = events[i].data.ptr;
        if (c->state == CONNECTING && events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) upgrade(c);
        else if (c->asked_to_write && events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP) && c->state != GONE) readable(c);
    }
}

/* ---------------------------------------------------------------- what is posted */

/* The template with %m replaced by the mark, %i by an id that is used once. */
static void post(struct client *c) {
    static char text[8192];
    static long id;
    size_t at = 0;
    for (const char *from = options.template; *from && at < sizeof text - 64; from++) {
        if (from[0] == '%' && from[1] == 'm')
            at += (size_t)sprintf(text + at, MARK "%016llx", (unsigned long long)now()), from++;
        else if (from[0] == '%' && from[1] == 'i')
            at += (size_t)sprintf(text + at, "%d-%ld", getpid(), ++id), from++;
        else
            text[at++] = *from;
    }
    send_frame(c, 1, text, at);
    c->inflight++;
    posted++;
}

static struct client *poster(void) {
    static int next;
    for (int tries = 0; tries < options.posters; tries++) {
        struct client *c = &clients[options.subscribers + next++ % options.posters];
        if (c->state == OPEN) return c;
    }
    die("no poster is left");
    return NULL;
}

static void post_what_is_due(uint64_t from, long posted_before) {
    if (!strcmp(options.mode, "acks")) {
        for (int i = options.subscribers; i < client_count; i++)
            while (clients[i].state == OPEN && clients[i].inflight < options.window) post(&clients[i]);
    } else if (options.rate > 0) {
        double due = (double)(now() - from) / 1e9 * options.rate;
        while ((double)(posted - posted_before) < due) post(poster());
    } else {
        while (posted - deliveries / live_subscribers < options.window) post(poster());
    }
}

/* ---------------------------------------------------------------- the modes */

static void connect_all(void) {
    int started = 0;
    uint64_t until = now() + 120ull * 1000000000;
    while (open_count < client_count) {
        while (started < client_count && started - open_count < 64) begin(&clients[started++]);
        turn(100);
        if (now() > until) die("%d of %d are connected after 120 s", open_count, client_count);
    }
}

static void run(double seconds) {
    uint64_t from = now(), until = from + (uint64_t)(seconds * 1e9);
    long before = posted;
    bool posting = options.posters && strcmp(options.mode, "join");
    while (now() < until) {
        if (posting) post_what_is_due(from, before);
        turn(options.rate > 0 ? 1 : 10);
    }
}

static void report(double seconds, double own, const double *before) {
    printf("{\"mode\":\"%s\",\"seconds\":%.3f,\"deliveries\":%ld,\"acks\":%ld,\"posted\":%ld,\"joined\":%ld,"
           "\"errors\":%ld,\"lost_connections\":%ld,\"own_cpu\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"max_ms\":%.3f,\"cpu\":{",
           options.mode, seconds, deliveries, acks, posted, joined, errors, lost, (own_cpu() - own) / seconds,
           quantile(.5), quantile(.99), (double)slowest / 1e6);
    for (int i = 0; i < options.pid_count; i++)
        printf("%s\"%d\":%.3f", i ? "," : "", options.pids[i], cpu_of(options.pids[i]) - before[i]);
    printf("}}\n");
}

static void measure(void) {
    double before[MAX_PIDS], own;
    run(options.warmup);
    deliveries = deliveries - posted * live_subscribers; /* what is still to come is not forgotten */
    posted = acks = 0;
    long owed = deliveries;
    for (int i = 0; i < options.pid_count; i++) before[i] = cpu_of(options.pids[i]);
    own = own_cpu();
    measuring = true;
    uint64_t from = now();
    run(options.seconds);
    double seconds = (double)(now() - from) / 1e9;
    deliveries -= owed;
    report(seconds, own, before);
}

static void replay(void) {
    uint64_t from = now();
    begin(&clients[0]);
    while (clients[0].frames < options.count && clients[0].state != GONE) {
        turn(1000);
        if (now() - from > 120ull * 1000000000) die("%ld frames after 120 s", clients[0].frames);
    }
    printf("{\"mode\":\"replay\",\"frames\":%ld,\"seconds\":%.4f}\n", clients[0].frames,
           (double)(now() - from) / 1e9);
}

static void hold(void) {
    connect_all();
    printf("{\"mode\":\"hold\",\"open\":%d}\n", open_count);
    fflush(stdout);
    char nothing[16];
    fcntl(0, F_SETFL, O_NONBLOCK);
    while (read(0, nothing, sizeof nothing) != 0) turn(50);
}

/* ---------------------------------------------------------------- the command line */

static void add_header(struct address *to, const char *header) {
    size_t used = strlen(to->headers);
    snprintf(to->headers + used, sizeof to->headers - used, "%s\r\n", header);
}

static void parse(int count, char **words) {
    if (count > 1) options.mode = words[1];
    for (int i = 2; i < count; i++) {
        const char *name = words[i];
        if (!strcmp(name, "--engineio")) {
            options.engineio = true;
            continue;
        }
        if (++i == count) die("%s needs a value", name);
        const char *value = words[i];
        if (!strcmp(name, "--port")) options.subscribe.port = atoi(value);
        else if (!strcmp(name, "--path")) options.subscribe.path = value;
        else if (!strcmp(name, "--header")) add_header(&options.subscribe, value);
        else if (!strcmp(name, "--post-port")) options.post.port = atoi(value);
        else if (!strcmp(name, "--post-path")) options.post.path = value;
        else if (!strcmp(name, "--post-header")) add_header(&options.post, value);
        else if (!strcmp(name, "--subscribers")) options.subscribers = atoi(value);
        else if (!strcmp(name, "--stalled")) options.stalled = atoi(value);
        else if (!strcmp(name, "--posters")) options.posters = atoi(value);
        else if (!strcmp(name, "--window")) options.window = atoi(value);
        else if (!strcmp(name, "--concurrency")) options.concurrency = atoi(value);
        else if (!strcmp(name, "--rate")) options.rate = atof(value);
        else if (!strcmp(name, "--warmup")) options.warmup = atof(value);
        else if (!strcmp(name, "--seconds")) options.seconds = atof(value);
        else if (!strcmp(name, "--count")) options.count = atol(value);
        else if (!strcmp(name, "--first")) options.first = atol(value);
        else if (!strcmp(name, "--template")) options.template = value;
        else if (!strcmp(name, "--hello")) options.hello = value;
        else if (!strcmp(name, "--pid") && options.pid_count < MAX_PIDS)
            options.pids[options.pid_count++] = atoi(value);
        else die("%s is no option", name);
    }
    if (!options.post.port) options.post = options.subscribe;
    if (!options.subscribe.path || !options.subscribe.port) die("--port and --path are needed");
}

int main(int count, char **words) {
    parse(count, words);
    const char *mode = options.mode;
    if (!strcmp(mode, "join")) options.subscribers = options.concurrency, options.posters = 0;
    if (!strcmp(mode, "hold")) options.posters = 0;
    if (!strcmp(mode, "replay")) options.subscribers = 1, options.posters = 0;
    poller = epoll_create1(0);
    client_count = options.subscribers + options.posters;
    live_subscribers = options.subscribers - options.stalled;
    clients = calloc((size_t)client_count + 1, sizeof *clients);
    for (int i = 0; i < client_count; i++) {
        clients[i].role = i < options.subscribers ? SUBSCRIBER : POSTER;
        clients[i].stalled = i < options.stalled;
    }
    if (!strcmp(mode, "replay")) {
        replay();
    } else if (!strcmp(mode, "hold")) {
        hold();
    } else if (!strcmp(mode, "join")) {
        for (int i = 0; i < client_count; i++) begin(&clients[i]);
        measure();
    } else if (!strcmp(mode, "fanout") || !strcmp(mode, "acks")) {
        connect_all();
        measure();
    } else {
        die("'%s' is no mode", mode);
    }
    return 0;
}
