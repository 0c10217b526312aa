/* A null server for the benches: one thread, epoll, canned answers. Not part of the product.
 *
 * usage: nullServer PORT MODE [LOGFILE]
 *   MODE  small    102-byte JSON
 *         large    2 KB JSON
 *         chunked  the small body in two chunks
 *         limited  small, every tenth answer a 429 with rate-limit headers and a JSON body
 *         chat     a chat completion with usage; request id and remaining limits differ each time
 *         denied   a 429 as OpenAI's; request id and reset differ each time
 *         kept     small with Connection: keep-alive, which HTTP/1.0 clients (ab) need
 * With LOGFILE the arrival of every request is logged as a 64-bit count of ns (CLOCK_MONOTONIC). It
 * is the kernel's receive stamp, so that the server's own wake-up is not in it. On SIGTERM the log
 * is written and the number of requests printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16384
#define LOG_MAX (64u << 20)

static char answer[4096], answerLimited[1024];
static size_t answerLength, answerLimitedLength;
static int everyTenth;
/* Where the digits are that differ from answer to answer; none: 0. */
static size_t digitsAt[3];
/* Bytes of a request seen so far, per connection: what is left of its head or body. */
static struct { uint32_t matched; uint32_t bodyLeft; uint32_t count; } states[CONNECTIONS_MAX];
static uint64_t *logged;
static size_t loggedCount;
static uint64_t served;
static const char *logPath;
static volatile sig_atomic_t stopping;

static void onSignal(int signal) { (void)signal; stopping = 1; }

static uint64_t nsOf(const struct timespec *t) {
  return (uint64_t)t->tv_sec * 1000000000ull + t->tv_nsec;
}

static uint64_t clockNs(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return nsOf(&t);
}

/* read() that also tells when the kernel received the bytes, as monotonic time. */
static ssize_t receive(int fd, char *in, size_t size, uint64_t *arrivedNs) {
  char control[128];
  struct iovec piece = { .iov_base = in, .iov_len = size };
  struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1,
                            .msg_control = control, .msg_controllen = sizeof control };
  ssize_t n = recvmsg(fd, &message, 0);
  *arrivedNs = clockNs(CLOCK_MONOTONIC);
  for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL; c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
    /* The stamp is wall time: what matters is how long ago it was. */
    *arrivedNs -= clockNs(CLOCK_REALTIME) - nsOf(&stamp);
  }
  return n;
}

/* An answer of these lines and fields, each with its line end, and this body. */
static size_t compose(char *into, size_t size, const char *head, const char *body) {
  return snprintf(into, size, "%sContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
}

/* Notes where in the answer the digits after these marks are. */
static void noteDigits(const char *const *marks) {
  for (int i = 0; i < 3; i++) digitsAt[i] = strstr(answer, marks[i]) + strlen(marks[i]) - answer;
}

/* Answers as OpenAI's, with what differs from one to the next in eight digits. */
static void makeChat(void) {
  const char *body =
    "{\n  \"id\": \"chatcmpl-00000000\",\n  \"object\": \"chat.completion\",\n  \"created\": 1795946301,\n"
    "  \"model\": \"gpt-4o-mini-2024-07-18\",\n  \"choices\": [\n    {\n      \"index\": 0,\n      \"message\": {\n"
    "        \"role\": \"assistant\",\n        \"content\": \"Hello! How can I help you today?\",\n"
    "        \"refusal\": null,\n        \"annotations\": []\n      },\n      \"logprobs\": null,\n"
    "      \"finish_reason\": \"stop\"\n    }\n  ],\n  \"usage\": {\n    \"prompt_tokens\": 8,\n"
    "    \"completion_tokens\": 9,\n    \"total_tokens\": 17,\n    \"prompt_tokens_details\": {\n"
    "      \"cached_tokens\": 0\n    }\n  },\n  \"service_tier\": \"default\"\n}\n";
  answerLength = compose(answer, sizeof answer,
    "HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 18:05:09 GMT\r\nContent-Type: application/json\r\n"
    "x-ratelimit-limit-requests: 30000\r\nx-ratelimit-limit-tokens: 150000000\r\n"
    "x-ratelimit-remaining-requests: 00000000\r\nx-ratelimit-remaining-tokens: 149999991\r\n"
    "x-ratelimit-reset-requests: 2ms\r\nx-ratelimit-reset-tokens: 0s\r\nx-request-id: req_00000000\r\n",
    body);
  noteDigits((const char *[]){ "remaining-requests: ", "req_", "chatcmpl-" });
}

static void makeDenied(void) {
  const char *body =
    "{\n  \"error\": {\n    \"message\": \"Rate limit reached for gpt-4o-mini in organization org-limitscope on "
    "requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 00000000ms.\",\n"
    "    \"type\": \"requests\",\n    \"param\": null,\n    \"code\": \"rate_limit_exceeded\"\n  }\n}\n";
  answerLength = compose(answer, sizeof answer,
    "HTTP/1.1 429 Too Many Requests\r\nDate: Fri, 20 Nov 2026 18:05:09 GMT\r\n"
    "Content-Type: application/json\r\nx-ratelimit-limit-requests: 500\r\n"
    "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 00000000ms\r\nretry-after: 1\r\n"
    "x-request-id: req_00000000\r\n",
    body);
  noteDigits((const char *[]){ "reset-requests: ", "req_", "try again in " });
}

/* Writes which answer this is where that belongs. */
static void number(char *text, uint64_t count) {
  for (int i = 0; i < 3; i++) {
    uint64_t rest = count;
    for (int digit = 7; digit >= 0; digit--, rest /= 10) text[digitsAt[i] + digit] = '0' + rest % 10;
  }
}

static void make(const char *mode) {
  if (strcmp(mode, "chat") == 0) return makeChat();
  if (strcmp(mode, "denied") == 0) return makeDenied();
  static char body[2200];
  char head[256];
  snprintf(head, sizeof head,
    "HTTP/1.1 200 OK\r\nServer: null\r\nDate: Fri, 20 Nov 2026 18:05:09 GMT\r\n"
    "Content-Type: application/json\r\n%s", strcmp(mode, "kept") == 0 ? "Connection: keep-alive\r\n" : "");
  size_t size = strcmp(mode, "large") == 0 ? 1956 : 102;
  memset(body, 'x', size);
  memcpy(body, "{\"data\":\"", 9);
  memcpy(body + size - 2, "\"}", 2);
  body[size] = 0;
  if (strcmp(mode, "chunked") == 0) {
    answerLength = snprintf(answer, sizeof answer,
      "%sTransfer-Encoding: chunked\r\n\r\n28\r\n%.40s\r\n3e\r\n%s\r\n0\r\n\r\n", head, body, body + 40);
  } else {
    answerLength = compose(answer, sizeof answer, head, body);
  }
  everyTenth = strcmp(mode, "limited") == 0;
  answerLimitedLength = compose(answerLimited, sizeof answerLimited,
    "HTTP/1.1 429 Too Many Requests\r\nServer: null\r\nDate: Fri, 20 Nov 2026 18:05:09 GMT\r\n"
    "Content-Type: application/json\r\nx-ratelimit-limit-requests: 60\r\n"
    "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 1s\r\nretry-after: 1\r\n",
    "{\"error\":{\"message\":\"Rate limit reached for requests\",\"type\":\"requests\","
    "\"param\":null,\"code\":\"rate_limit_exceeded\"}}");
}

/* The value of Content-Length in a head, 0 without one. */
static uint32_t lengthIn(const char *head, size_t length) {
  for (size_t i = 0; i + 16 < length; i++) {
    if (head[i] == '\n' && strncasecmp(head + i + 1, "content-length:", 15) == 0)
      return (uint32_t)strtoul(head + i + 16, NULL, 10);
  }
  return 0;
}

static void serve(int fd) {
  static char in[65536], out[65536];
  uint64_t arrivedNs = 0;
  ssize_t n = logged == NULL ? read(fd, in, sizeof in - 1) : receive(fd, in, sizeof in - 1, &arrivedNs);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) return;
    close(fd);
    memset(&states[fd], 0, sizeof states[fd]);
    return;
  }
  size_t outLength = 0;
  size_t headStart = 0;
  for (ssize_t i = 0; i < n;) {
    if (states[fd].bodyLeft > 0) {
      uint32_t skipped = (uint32_t)(n - i) < states[fd].bodyLeft ? (uint32_t)(n - i) : states[fd].bodyLeft;
      states[fd].bodyLeft -= skipped;
      i += skipped;
      if (states[fd].bodyLeft > 0) break;
      headStart = i;
    } else {
      static const char end[] = "\r\n\r\n";
      states[fd].matched = in[i] == end[states[fd].matched] ? states[fd].matched + 1 : in[i] == '\r';
      i++;
      if (states[fd].matched < 4) continue;
      states[fd].matched = 0;
      states[fd].bodyLeft = lengthIn(in + headStart, i - headStart);
      if (states[fd].bodyLeft > 0) continue;
      headStart = i;
    }
    served++;
    if (logged != NULL && loggedCount < LOG_MAX) logged[loggedCount++] = arrivedNs;
    int limited = everyTenth && ++states[fd].count % 10 == 0;
    const char *text = limited ? answerLimited : answer;
    size_t length = limited ? answerLimitedLength : answerLength;
    if (outLength + length > sizeof out) break;
    memcpy(out + outLength, text, length);
    if (digitsAt[0] > 0) number(out + outLength, served);
    outLength += length;
  }
  if (outLength > 0 && write(fd, out, outLength) < 0 && errno != EAGAIN) close(fd);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  /* Whoever started the server may be killed: it must not outlive them. */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, onSignal);
  signal(SIGINT, onSignal);
  make(argv[2]);
  if (argc > 3) {
    logPath = argv[3];
    logged = malloc(LOG_MAX * sizeof *logged);
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (logged != NULL) setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("bind"), 1;
  int poller = epoll_create1(0);
  struct epoll_event event = { .events = EPOLLIN, .data.fd = listener }, events[512];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  while (!stopping) {
    int n = epoll_wait(poller, events, 512, 200);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) { serve(fd); continue; }
      for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (client < 0) break;
        if (client >= CONNECTIONS_MAX) { close(client); continue; }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        memset(&states[client], 0, sizeof states[client]);
        event.events = EPOLLIN;
        event.data.fd = client;
        epoll_ctl(poller, EPOLL_CTL_ADD, client, &event);
      }
    }
  }
  if (logged != NULL) {
    FILE *file = fopen(logPath, "wb");
    if (file != NULL) { fwrite(logged, sizeof *logged, loggedCount, file); fclose(file); }
  }
  printf("{\"requests\":%llu}\n", (unsigned long long)served);
  return 0;
}
