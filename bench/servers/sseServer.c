/* A server of token streams for the benches: one thread, epoll. Not part of the product.
 *
 * usage: sseServer PORT paced STREAMSxRATE FRAMES [LOGFILE]
 *        sseServer PORT blast SECONDS
 * A request for any path with stream=K in it starts stream K (0 to STREAMS - 1) on its connection:
 * OpenAI-style chunks of 192 bytes, each an HTTP chunk of its own, then a usage frame and [DONE].
 *   paced  FRAMES frames at RATE per second, each its own send; stream K sends at K / STREAMS of
 *          each period, so that the streams do not march in step. The ns (CLOCK_MONOTONIC) of its
 *          send are the text of each frame.
 *   blast  16 frames per send, as fast as the socket takes them, for SECONDS.
 * On SIGTERM it writes LOGFILE (STREAMS x FRAMES 64-bit ns of the sends, 0: never sent) and prints
 * what it did as JSON; lateUs is how far a send was behind its schedule at the most.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16384
#define FRAME_BYTES 192
#define CHUNK_BYTES (4 + FRAME_BYTES + 2)
#define FRAMES_PER_SEND 16
#define SENDS_PER_TURN 8

static const char head[] = "HTTP/1.1 200 OK\r\nServer: null\r\nContent-Type: text/event-stream\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";
static char chunk[CHUNK_BYTES + 1], blastText[CHUNK_BYTES * FRAMES_PER_SEND], closing[512];
static size_t closingLength, textAt;
/* What a connection of a blast still has to send. */
static struct { const char *text; size_t length, sent; uint64_t endNs; } blasts[CONNECTIONS_MAX];
static int isPaced, poller;
static int streams, framesPerStream;
static double rate;
static int *streamFd, *streamFrame;
static uint64_t *sentNs;
static uint64_t blastNs, sentFrames, brokenStreams, lateNsMost;
static volatile sig_atomic_t stopping;

static void onSignal(int signal) { (void)signal; stopping = 1; }

static uint64_t nowNs(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Writes a number into the text of the frame, 20 digits wide. */
static void setText(uint64_t number) {
  for (int i = 19; i >= 0; i--, number /= 10) chunk[textAt + i] = (char)('0' + number % 10);
}

static void make(void) {
  const char *before = "data: {\"id\":\"c-7\",\"object\":\"chat.completion.chunk\","
                       "\"created\":1763661909,\"model\":\"null\","
                       "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
  const char *after = "\"},\"finish_reason\":null}]}\n\n";
  int pad = FRAME_BYTES - (int)(strlen(before) + 20 + strlen(after));
  snprintf(chunk, sizeof chunk, "%02x\r\n%s%020d%.*s%s\r\n", FRAME_BYTES, before, 0, pad,
           " token token token token token token", after);
  textAt = 4 + strlen(before);
  for (int i = 0; i < FRAMES_PER_SEND; i++) {
    setText(i);
    memcpy(blastText + i * CHUNK_BYTES, chunk, CHUNK_BYTES);
  }
  const char *usage = "data: {\"id\":\"c-7\",\"object\":\"chat.completion.chunk\",\"created\":1763661909,"
                      "\"model\":\"null\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
                      "\"completion_tokens\":1,\"total_tokens\":2}}\n\ndata: [DONE]\n\n";
  closingLength = snprintf(closing, sizeof closing, "%zx\r\n%s\r\n0\r\n\r\n", strlen(usage), usage);
}

static void watch(int fd, int operation, uint32_t events) {
  struct epoll_event event = { .events = events, .data.fd = fd };
  epoll_ctl(poller, operation, fd, &event);
}

static void sendFrame(int stream, uint64_t dueNs) {
  if (streamFd[stream] < 0) return;
  int frame = streamFrame[stream]++;
  uint64_t ns = nowNs();
  setText(ns);
  ssize_t n = send(streamFd[stream], chunk, CHUNK_BYTES, MSG_NOSIGNAL);
  if (n != CHUNK_BYTES) {
    brokenStreams++;
    shutdown(streamFd[stream], SHUT_RDWR);
    streamFd[stream] = -1;
    return;
  }
  sentNs[(size_t)stream * framesPerStream + frame] = ns;
  sentFrames++;
  if (ns - dueNs > lateNsMost) lateNsMost = ns - dueNs;
  if (streamFrame[stream] < framesPerStream) return;
  if (send(streamFd[stream], closing, closingLength, MSG_NOSIGNAL) < 0) brokenStreams++;
  streamFd[stream] = -1;
}

static void blast(int fd) {
  for (int i = 0; i < SENDS_PER_TURN; i++) {
    if (blasts[fd].sent == blasts[fd].length) {
      if (blasts[fd].text == closing) { watch(fd, EPOLL_CTL_MOD, EPOLLIN); return; }
      int isOver = nowNs() >= blasts[fd].endNs;
      blasts[fd].text = isOver ? closing : blastText;
      blasts[fd].length = isOver ? closingLength : sizeof blastText;
      blasts[fd].sent = 0;
      if (!isOver) sentFrames += FRAMES_PER_SEND;
    }
    ssize_t n = send(fd, blasts[fd].text + blasts[fd].sent, blasts[fd].length - blasts[fd].sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) { brokenStreams++; close(fd); }
      return;
    }
    blasts[fd].sent += (size_t)n;
  }
}

static void serve(int fd) {
  char in[8192];
  ssize_t n = read(fd, in, sizeof in - 1);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    for (int i = 0; i < streams; i++) if (streamFd[i] == fd) { streamFd[i] = -1; brokenStreams++; }
    close(fd);
    return;
  }
  in[n] = 0;
  if (strstr(in, "\r\n\r\n") == NULL) return;
  const char *wanted = strstr(in, "stream=");
  int stream = wanted == NULL ? -1 : atoi(wanted + 7);
  if (send(fd, head, sizeof head - 1, MSG_NOSIGNAL) < 0) return;
  if (!isPaced) {
    blasts[fd].text = blastText;
    blasts[fd].length = blasts[fd].sent = 0;
    blasts[fd].endNs = nowNs() + blastNs;
    watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    return;
  }
  if (stream < 0 || stream >= streams) { close(fd); return; }
  streamFd[stream] = fd;
  streamFrame[stream] = 0;
}

static void turn(const struct epoll_event *events, int n, int listener) {
  int one = 1;
  for (int i = 0; i < n; i++) {
    int fd = events[i].data.fd;
    if (fd != listener) {
      if (events[i].events & ~EPOLLOUT) serve(fd);
      else blast(fd);
      continue;
    }
    for (int client; (client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
      if (client >= CONNECTIONS_MAX) { close(client); continue; }
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      watch(client, EPOLL_CTL_ADD, EPOLLIN);
    }
  }
}

/* Sends everything that is due, a few at a time; returns the ns until the next send. */
static uint64_t pace(uint64_t startNs) {
  static uint64_t tick;
  double nsPerTick = 1e9 / rate / streams;
  for (int i = 0; i < 32; i++) {
    uint64_t dueNs = startNs + (uint64_t)(tick * nsPerTick), now = nowNs();
    if (dueNs > now) return dueNs - now;
    sendFrame((int)(tick % streams), dueNs);
    tick++;
  }
  return 0;
}

static void report(const char *logPath) {
  FILE *file = logPath == NULL ? NULL : fopen(logPath, "wb");
  if (file != NULL) {
    fwrite(sentNs, sizeof *sentNs, (size_t)streams * framesPerStream, file);
    fclose(file);
  }
  printf("{\"frames\":%llu,\"broken\":%llu,\"lateUs\":%llu}\n", (unsigned long long)sentFrames,
         (unsigned long long)brokenStreams, (unsigned long long)(lateNsMost / 1000));
}

int main(int argc, char **argv) {
  isPaced = argc > 4 && strcmp(argv[2], "paced") == 0;
  if (!isPaced && !(argc > 3 && strcmp(argv[2], "blast") == 0)) return 2;
  /* Whoever started the server may be killed: it must not outlive them. */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, onSignal);
  signal(SIGINT, onSignal);
  make();
  if (isPaced) {
    if (sscanf(argv[3], "%dx%lf", &streams, &rate) != 2) return 2;
    framesPerStream = atoi(argv[4]);
    streamFd = malloc(sizeof *streamFd * streams);
    memset(streamFd, -1, sizeof *streamFd * streams);
    streamFrame = calloc(streams, sizeof *streamFrame);
    sentNs = calloc((size_t)streams * framesPerStream, sizeof *sentNs);
  } else {
    blastNs = (uint64_t)(atof(argv[3]) * 1e9);
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("bind"), 1;
  poller = epoll_create1(0);
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  struct epoll_event events[512];
  uint64_t startNs = nowNs();
  while (!stopping) {
    uint64_t waitNs = isPaced ? pace(startNs) : 100000000;
    /* A sleep is some 50 us late: the last stretch is spun. */
    long sleepNs = waitNs < 100000 ? 0 : waitNs > 100000000 ? 100000000 : (long)waitNs - 80000;
    struct timespec wait = { .tv_nsec = sleepNs };
    turn(events, epoll_pwait2(poller, events, 512, &wait, NULL), listener);
  }
  report(isPaced && argc > 5 ? argv[5] : NULL);
  return 0;
}
