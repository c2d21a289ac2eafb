/*
 * A PKCS#11 module between the server and a real one: it forwards every function, and makes the faults that a hardware
 * module may have. The real module is named by HSM_SHIM_MODULE. HSM_SHIM_CONTROL names a file of faults, one a line,
 * that is read on each call:
 *
 *   FUNCTION FAULT COUNT        COUNT has six digits and is counted down in the file; 999999 stays
 *
 * FUNCTION is C_Encrypt, say, or * for any but C_GetFunctionList and C_Finalize. FAULT is one of
 *
 *   rv:HEX     does nothing and answers this value        sleep:N    waits N milliseconds, then forwards
 *   hang       never answers                              segv       the process ends with SIGSEGV
 *   die        forwards, then the process is killed       flip       forwards, then one bit of the output is another one
 *   lie        does nothing and answers CKR_OK            huge       forwards, then the output is said to be very long
 *
 * Every call is one line of the file HSM_SHIM_CONTROL.calls: "pid function answer".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The definitions that an application of PKCS#11 on Unix makes before it includes the headers of the standard. */
#define CK_PTR *
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#ifndef NULL_PTR
#define NULL_PTR 0
#endif
#include "pkcs11.h"

/* Arguments of all functions are numbers and pointers of this size, and no function has more than eight of them. */
typedef unsigned long Word;
typedef CK_RV (*AnyFunction)(Word, Word, Word, Word, Word, Word, Word, Word);

static CK_FUNCTION_LIST *real;

#define LONGEST_FILE 4096
#define FOREVER 999999

typedef struct { char kind[8]; unsigned long value; } Fault;

static const char *control(void) { return getenv("HSM_SHIM_CONTROL"); }

/* Counts a line down in its place, unless it is to stay. False where it has been used up. */
static int take(int file, const char *text, const char *count) {
  char digits[16];
  int left = atoi(count);
  if (left <= 0) return 0;
  if (left == FOREVER) return 1;
  snprintf(digits, sizeof digits, "%06d", left - 1);
  return pwrite(file, digits, 6, count - text) == 6;
}

static int applies(const char *line, const char *name) {
  size_t length = strcspn(line, " ");
  if (length == 1 && line[0] == '*') return strcmp(name, "C_Finalize") != 0;
  return length == strlen(name) && strncmp(line, name, length) == 0;
}

/* The first fault of the file that holds for this call, and has not been used up. */
static int find_fault(const char *name, Fault *fault) {
  char text[LONGEST_FILE + 1];
  const char *path = control();
  int file = path == NULL ? -1 : open(path, O_RDWR);
  int found = 0;
  if (file < 0) return 0;
  flock(file, LOCK_EX);
  ssize_t length = read(file, text, LONGEST_FILE);
  text[length < 0 ? 0 : length] = 0;
  for (char *line = text; *line != 0 && !found; line = strchr(line, '\n') + 1) {
    char kind[32];
    int at = 0;
    if (strchr(line, '\n') == NULL) break;
    if (!applies(line, name) || sscanf(line, "%*s %31s %n", kind, &at) != 1) continue;
    if (!take(file, text, line + at)) continue;
    char *value = strchr(kind, ':');
    if (value != NULL) *value++ = 0;
    snprintf(fault->kind, sizeof fault->kind, "%.7s", kind);
    fault->value = value == NULL ? 0 : strtoul(value, NULL, strcmp(kind, "rv") == 0 ? 16 : 10);
    found = 1;
  }
  close(file);
  return found;
}

static void note(const char *name, const char *answer) {
  char path[512], line[128];
  if (control() == NULL) return;
  snprintf(path, sizeof path, "%s.calls", control());
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  int length = snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), name, answer);
  if (file < 0) return;
  if (write(file, line, (size_t)length) != length) perror("shim");
  close(file);
}

/* Where a function puts its output, and the length of it: places among its arguments, 0 where there is none. */
typedef struct { const char *name; int output; int length; } Output;

static const Output outputs[] = {
  {"C_Encrypt", 3, 4},   {"C_EncryptUpdate", 3, 4}, {"C_EncryptFinal", 1, 2}, {"C_Decrypt", 3, 4},
  {"C_DecryptUpdate", 3, 4}, {"C_DecryptFinal", 1, 2}, {"C_Sign", 3, 4},      {"C_SignFinal", 1, 2},
  {"C_Digest", 3, 4},    {"C_WrapKey", 4, 5},
};

static void spoil(const char *name, const Word *a, int huge) {
  if (strcmp(name, "C_GenerateRandom") == 0 && !huge) ((unsigned char *)a[1])[0] ^= 1;
  for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i += 1) {
    if (strcmp(name, outputs[i].name) != 0) continue;
    unsigned char *output = (unsigned char *)a[outputs[i].output];
    CK_ULONG *length = (CK_ULONG *)a[outputs[i].length];
    if (output == NULL || *length == 0) return;
    if (huge) *length = 0x7fffffff;
    else output[*length / 2] ^= 1;
  }
}

static CK_RV call(const char *name, AnyFunction function, const Word *a) {
  Fault fault = {"", 0};
  char answer[32];
  int faulty = find_fault(name, &fault);
  const char *kind = fault.kind;
  if (faulty) note(name, kind);
  if (strcmp(kind, "rv") == 0) return fault.value;
  if (strcmp(kind, "lie") == 0) return CKR_OK;
  if (strcmp(kind, "sleep") == 0) usleep((useconds_t)fault.value * 1000);
  if (strcmp(kind, "segv") == 0) raise(SIGSEGV);
  while (strcmp(kind, "hang") == 0) pause();
  CK_RV rv = function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
  if (strcmp(kind, "die") == 0) raise(SIGKILL);
  if (rv == CKR_OK && (strcmp(kind, "flip") == 0 || strcmp(kind, "huge") == 0)) spoil(name, a, kind[0] == 'h');
  snprintf(answer, sizeof answer, "%lx", rv);
  if (!faulty) note(name, answer);
  return rv;
}

static int load(void) {
  CK_RV (*list)(CK_FUNCTION_LIST **);
  if (real != NULL) return 1;
  const char *path = getenv("HSM_SHIM_MODULE");
  void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return 0;
  *(void **)&list = dlsym(library, "C_GetFunctionList");
  return list != NULL && list(&real) == CKR_OK;
}

#define CK_PKCS11_FUNCTION_INFO(name) \
  static CK_RV shim_##name(Word a, Word b, Word c, Word d, Word e, Word f, Word g, Word h) { \
    const Word all[] = {a, b, c, d, e, f, g, h}; \
    return call(#name, (AnyFunction)real->name, all); \
  }
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO

static CK_FUNCTION_LIST functions;

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
  if (!load()) return CKR_GENERAL_ERROR;
  functions.version = real->version;
#define CK_PKCS11_FUNCTION_INFO(name) *(void **)&functions.name = (void *)shim_##name;
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
  /* A list that leads past the shim would hide every fault. */
  functions.C_GetFunctionList = C_GetFunctionList;
  *list = &functions;
  return CKR_OK;
}
