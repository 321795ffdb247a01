/* A test of the client, before a little arbiter that takes one call and says what it saw. */
#include "gd_client.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* The other end of one call. */
typedef struct arbiter {
    int listener;
    gd_cancellation *cancellation; /* to be cancelled by when the call is there; or NULL to answer */
    bool has_trace;
    bool has_priority;
    bool was_left; /* the client closed without another word */
} arbiter;

static void check(bool is_well, const char *what) {
    if (!is_well) {
        printf("not so: %s\n", what);
        exit(1);
    }
}

static void take(arbiter *self, int fd, const gd_message *message) {
    const gd_value *parent = gd_get(&message->request.trace, "traceparent");
    gd_message response = gd_make_response(message->request_id, gd_integer(7));
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_fault fault;
    self->has_trace = parent != NULL && gd_is_text(parent, PARENT);
    self->has_priority = message->request.priority.integer == 3;
    if (self->cancellation != NULL) {
        gd_cancel(self->cancellation);
    } else if (gd_serialize(&response, &bytes, &fault) == GD_CODE_OK) {
        check(send(fd, bytes.bytes, bytes.size, 0) == (ssize_t)bytes.size, "an answer is sent");
    }
    gd_buffer_free(&bytes);
}

/* Serve one connection until its end. */
static void *serve(void *given) {
    arbiter *self = (arbiter *)given;
    int fd = accept(self->listener, NULL, NULL);
    gd_connection connection;
    gd_event event;
    bool is_over = false;
    int messages = 0;
    gd_connection_init(&connection, GD_ROLE_ARBITER, gd_heap());
    while (!is_over) {
        gd_event_kind kind = gd_connection_next(&connection, &event);
        if (kind == GD_EVENT_MESSAGE) {
            messages++;
            take(self, fd, &event.message);
        } else if (kind == GD_EVENT_NONE) {
            uint8_t *room = gd_connection_room(&connection, GD_CLIENT_READ_BYTES);
            ssize_t came = recv(fd, room, gd_connection_room_size(&connection), 0);
            is_over = came <= 0;
            if (came > 0) {
                gd_connection_received(&connection, (size_t)came);
            }
        }
    }
    self->was_left = messages == 1;
    gd_connection_free(&connection);
    close(fd);
    return NULL;
}

static int listening(const char *path) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    check(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0,
        "there is a socket");
    return fd;
}

static void ask(arbiter *self, const char *path, gd_terms terms, const char *failure) {
    gd_answer answer;
    gd_client client;
    pthread_t thread;
    check(gd_client_init(&client, path), "a client");
    check(pthread_create(&thread, NULL, serve, self) == 0, "a thread");
    gd_client_call(&client, "a:B", "c", gd_none(), gd_none(), &terms, &answer);
    if (failure == NULL) {
        check(!answer.is_failed && answer.result.integer == 7, "the call is answered");
    } else {
        check(answer.is_failed && answer.failure.type == gd_error_type_named(failure,
            strlen(failure)), failure);
    }
    gd_answer_free(&answer);
    gd_client_free(&client);
    pthread_join(thread, NULL);
}

int main(void) {
    char folder[] = "/tmp/gd-XXXXXX", path[64];
    gd_pair parent = gd_pair_of("traceparent", gd_text(PARENT));
    gd_terms plain = {.timeout_s = 20.0}, terms = {.priority = 3, .timeout_s = 20.0};
    gd_cancellation cancellation;
    arbiter self;
    check(mkdtemp(folder) != NULL, "a folder");
    snprintf(path, sizeof path, "%s/socket", folder);
    memset(&self, 0, sizeof self);
    self.listener = listening(path);

    terms.trace = gd_dict(&parent, 1);
    ask(&self, path, terms, NULL);
    check(self.has_trace && self.has_priority, "a call tells its trace and its priority");
    ask(&self, path, plain, NULL);
    check(!self.has_trace, "one without a trace tells none");

    check(gd_cancellation_init(&cancellation), "a pipe");
    self.cancellation = &cancellation;
    plain.cancellation = &cancellation;
    ask(&self, path, plain, "DirtyCancelledError");
    check(self.was_left, "what is given up closes its connection");
    gd_cancellation_free(&cancellation);

    close(self.listener);
    unlink(path);
    rmdir(folder);
    printf("all well\n");
    return 0;
}
