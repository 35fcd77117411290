/* What a hub costs that does nothing else: a WebSocket server that writes what one client sends, as one
 * prebuilt frame, to every other socket.  No log, no tokens, no limits; one thread, epoll, write().
 * It prints its port.  Usage: raw [port]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536

struct client {
    int upgraded;
    size_t size;
    char bytes[1024];
};

static struct client *clients[MOST];
static int members[MOST], member_count;
static int poller;

/* SHA-1 of up to 110 bytes (FIPS 180-4); the handshake hashes 60. */
static void sha1(const char *text, size_t size, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, w[80];
    unsigned char message[128] = {0};
    size_t blocks = size > 55 ? 2 : 1;
    memcpy(message, text, size);
    message[size] = 0x80;
    for (int i = 0; i < 4; i++) message[blocks * 64 - 1 - i] = (unsigned char)(size * 8 >> 8 * i);
    for (size_t block = 0; block < blocks; block++) {
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            unsigned char *p = message + block * 64 + i * 4;
            uint32_t x = i < 16 ? (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]
                                : w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
            w[i] = i < 16 ? x : x << 1 | x >> 31;
            uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
            f += (a << 5 | a >> 27) + e + w[i];
            e = d, d = c, c = b << 30 | b >> 2, b = a, a = f;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static void upgrade(int fd, char *request) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[128], accept[29], answer[256], *key = strcasestr(request, "sec-websocket-key: ");
    unsigned char digest[21] = {0};
    if (!key) return;
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    sha1(text, 60, digest);
    for (int i = 0, o = 0; i < 21; i += 3) {
        uint32_t three = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];
        for (int j = 3; j >= 0; j--) accept[o++] = letters[three >> 6 * j & 63];
    }
    accept[27] = '=', accept[28] = 0;
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (write(fd, answer, (size_t)size) == size) members[member_count++] = fd;
}

static void leave(int fd) {
    for (int i = 0; i < member_count; i++)
        if (members[i] == fd) members[i--] = members[--member_count];
    free(clients[fd]);
    clients[fd] = NULL;
    close(fd);
}

static void broadcast(const char *payload, size_t size) {
    char frame[2048] = {(char)0x81};
    size_t header = size < 126 ? 2 : 4;
    frame[1] = size < 126 ? (char)size : 126;
    if (header == 4) frame[2] = (char)(size >> 8), frame[3] = (char)size;
    memcpy(frame + header, payload, size);
    for (int i = 0; i < member_count; i++)
        if (send(members[i], frame, header + size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
            continue; /* its reader will see the end */
}

/* Takes one masked frame off the front; 0 if it is not whole, -1 at a close. */
static int take(struct client *c) {
    unsigned char *p = (unsigned char *)c->bytes;
    size_t length = c->size > 1 ? p[1] & 127 : 0, header = length == 126 ? 8 : 6;
    if (c->size < header) return 0;
    if (length == 126) length = (size_t)p[2] << 8 | p[3];
    if (header + length > sizeof c->bytes) return -1;
    if (c->size < header + length) return 0;
    for (size_t i = 0; i < length; i++) p[header + i] ^= p[header - 4 + i % 4];
    if ((p[0] & 15) == 8) return -1;
    if ((p[0] & 15) == 1) broadcast((char *)p + header, length);
    c->size -= header + length;
    memmove(p, p + header + length, c->size);
    return 1;
}

static void readable(int fd) {
    struct client *c = clients[fd];
    ssize_t got = recv(fd, c->bytes + c->size, sizeof c->bytes - 1 - c->size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        leave(fd);
        return;
    }
    c->size += (size_t)got;
    c->bytes[c->size] = 0;
    if (!c->upgraded) {
        if (!strstr(c->bytes, "\r\n\r\n")) return;
        upgrade(fd, c->bytes);
        c->upgraded = 1, c->size = 0;
        return;
    }
    int taken;
    while ((taken = take(c)) > 0) {}
    if (taken < 0) {
        if (send(fd, "\x88\x02\x03\xe8", 4, MSG_NOSIGNAL) < 0) {}
        leave(fd);
    }
}

static void add(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **words) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in where = {.sin_family = AF_INET};
    socklen_t size = sizeof where;
    where.sin_port = htons((uint16_t)(count > 1 ? atoi(words[1]) : 0));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&where, sizeof where) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&where, &size);
    printf("%d\n", ntohs(where.sin_port));
    fflush(stdout);
    poller = epoll_create1(0);
    add(listener);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (clients[fd]) readable(fd);
                continue;
            }
            int newcomer = accept(listener, NULL, NULL);
            if (newcomer < 0 || newcomer >= MOST) continue;
            setsockopt(newcomer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            clients[newcomer] = calloc(1, sizeof(struct client));
            add(newcomer);
        }
    }
}
