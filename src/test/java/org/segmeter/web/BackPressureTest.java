package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.Backlog;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.ControlledDisk;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.security.Quotas;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.mock.web.DelegatingServletInputStream;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;

/** What the service does not take it refuses before it reads it, says when to come back, and takes it again when there is room. */
class BackPressureTest {

    private static final int QUEUE = 3;
    private static final String BLOCK = "{\"labels\":{\"test\":\"block\"}}";

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start(@TempDir Path directory) throws IOException {
        service = Service.start(
                directory,
                "--segmeter.queue-limit=" + QUEUE,
                "--segmeter.upload.slots=3",
                "--segmeter.upload.slots-per-client=2",
                "--segmeter.upload.max-file-size=64MB",
                "--segmeter.upload.max-request-size=64MB");
        api = service.api();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        service.bean(ControlledDisk.class).release();
        await("no upload is in progress", () -> gauge("segmeter.uploads.in.progress") == 0);
        drained();
        assertThat(service.uploads()).isZero();
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    @Test
    void whoSendsTooMuchAtOnceIsRefusedAndThenEverybodyIsBeforeTheBodyIsRead() throws Exception {
        byte[] form = Api.form(Api.pair(""));
        double client = refused("client");
        double uploads = refused("uploads");
        List<RawClient> held = new ArrayList<>();
        try {
            for (String from : List.of("127.0.0.1", "127.0.0.1", "127.0.0.2")) {
                RawClient sender = new RawClient(service.port(), from).head("Content-Length: " + form.length);
                held.add(sender.send(form, 0, 1000));
                await("it is being received", () -> gauge("segmeter.uploads.in.progress") == held.size());
                if (held.size() == 2) {
                    refusedUnread("127.0.0.1", 429, "too-many-uploads");
                }
            }
            refusedUnread("127.0.0.3", 503, "overloaded");
            assertThat(refused("client")).isEqualTo(client + 1);
            assertThat(refused("uploads")).isEqualTo(uploads + 1);
            assertThat(service.bean(MeterRegistry.class)
                            .get("segmeter.rate.limited")
                            .tag("scope", "client")
                            .counter()
                            .count())
                    .isPositive();
            for (RawClient sender : held) {
                sender.send(form, 1000, form.length - 1000);
                assertThat(sender.answer().status()).isEqualTo(202);
            }
        } finally {
            for (RawClient sender : held) {
                sender.close();
            }
        }
        await("there are slots again", () -> gauge("segmeter.uploads.in.progress") == 0);
        drained();
        api.post(Api.pair("")).expect(202);
        drained();
    }

    @Test
    void whoeverMayGoOnIsToldTo() throws Exception {
        byte[] form = Api.form(Api.pair(""));
        try (RawClient sender = new RawClient(service.port(), "127.0.0.1")
                .head("Content-Length: " + form.length, "Expect: 100-continue")) {
            assertThat(sender.answer().status()).isEqualTo(100);
            assertThat(sender.send(form).answer().status()).isEqualTo(202);
        }
        drained();
    }

    @Test
    void aFullQueueIsSaidWithATimeAfterWhichThereIsRoom() throws Exception {
        double before = refused("queue");
        List<String> blocked = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            String location = api.post(Api.pair(BLOCK)).expect(202).header("Location");
            api.reaches(location, "RUNNING");
            blocked.add(location);
        }
        Backlog backlog = service.bean(Backlog.class);
        await("the queue is known to be empty", () -> backlog.waiting() == 0);
        for (int i = 0; i < QUEUE; i++) {
            blocked.add(api.post(Api.pair(BLOCK)).expect(202).header("Location"));
        }
        Api.Answer full = api.post(Api.pair("")).expect(503);
        assertThat(full.problem()).isEqualTo("overloaded");
        SafeHeaders.areIn("503", full::header);
        assertThat(Integer.parseInt(full.header("Retry-After"))).isBetween(1, 120);
        refusedUnread("127.0.0.1", 503, "overloaded");
        Api.Answer again = api.postJson(blocked.getFirst() + "/rescore", "").expect(503);
        assertThat(again.problem()).isEqualTo("overloaded");
        assertThat(Integer.parseInt(again.header("Retry-After"))).isBetween(1, 120);
        assertThat(refused("queue")).isEqualTo(before + 3);
        // What is read is read, and the service is ready.
        api.get(blocked.getFirst()).expect(200);
        api.get("/readyz").expect(200);
        blocked.forEach(location -> assertThat(api.delete(location).status()).isIn(200, 202));
        for (String location : blocked) {
            assertThat(api.finished(location).path("state").asString()).isEqualTo("CANCELLED");
        }
        await("there is room", () -> api.post(Api.pair("")).status() == 202);
        drained();
    }

    @Test
    void aDiskWithoutRoomTakesNothingAndIsReadFromUntilThereIsRoomAgain() throws Exception {
        String scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200).header("Content-Location");
        long blobs = service.storedFiles();
        double before = refused("disk");
        ControlledDisk disk = service.bean(ControlledDisk.class);
        disk.say(100L << 30, (2L << 30) - 1); // a byte below the floor
        Api.Answer full = api.post(Api.pair("")).expect(507);
        assertThat(full.problem()).isEqualTo("insufficient-storage");
        SafeHeaders.areIn("507", full::header);
        assertThat(full.header("Retry-After")).matches("\\d+");
        refusedUnread("127.0.0.1", 507, "insufficient-storage");
        disk.say(1000, 49); // 5 % of a small volume
        api.post(Api.pair("")).expect(507);
        assertThat(refused("disk")).isEqualTo(before + 3);
        assertThat(service.storedFiles()).isEqualTo(blobs);
        api.get(scored).expect(200);
        api.get("/readyz").expect(200);
        disk.say(100L << 30, 3L << 30);
        api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
    }

    @Test
    void whatIsBeingReceivedHasItsSpacePromised() throws Exception {
        byte[] form = Api.form(Api.pair(""));
        service.bean(ControlledDisk.class).say(100L << 30, (2L << 30) + form.length + 2000);
        try (RawClient first = new RawClient(service.port(), "127.0.0.1").head("Content-Length: " + form.length)) {
            first.send(form, 0, 1);
            await("space is promised", () -> gauge("segmeter.storage.reserved.bytes") > form.length - 10_000);
            api.post(Api.pair("")).expect(507);
            first.send(form, 1, form.length - 1);
            assertThat(first.answer().status()).isEqualTo(202);
        }
        await("nothing is promised", () -> gauge("segmeter.storage.reserved.bytes") == 0);
        drained();
    }

    @Test
    void anUploadOfUnknownLengthIsEndedWhenTheDiskRunsFull() throws Exception {
        byte[] chunk = new byte[1 << 20];
        byte[] start =
                "--segmeter-test-boundary\r\nContent-Disposition: form-data; name=\"reference\"; filename=\"x\"\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII);
        try (RawClient sender = new RawClient(service.port(), "127.0.0.1").head("Transfer-Encoding: chunked")) {
            chunk(sender, start);
            await("it is being received", () -> gauge("segmeter.uploads.in.progress") == 1);
            service.bean(ControlledDisk.class).say(100L << 30, 0);
            for (int i = 0; i < 12; i++) {
                chunk(sender, chunk);
            }
            RawClient.Answer answer = sender.answer();
            assertThat(answer.status()).isEqualTo(507);
            SafeHeaders.areIn("507 meanwhile", answer::header);
            assertThat(answer.body()).contains("/problems/insufficient-storage");
        }
    }

    @Test
    void anUploadThatHardlyMovesIsEnded() throws Exception {
        WebSettings.Upload limits = new WebSettings.Upload(
                DataSize.ofMegabytes(1),
                DataSize.ofMegabytes(2),
                4,
                1,
                1,
                DataSize.ofKilobytes(16),
                Duration.ofMillis(50),
                Duration.ofMillis(150));
        ServiceMetrics metrics = service.bean(ServiceMetrics.class);
        UploadAdmission admission = new UploadAdmission(
                service.bean(Backlog.class),
                service.bean(DiskFloor.class),
                new WebSettings(limits, Duration.ofSeconds(1)),
                metrics,
                Quotas.none());
        byte[] form = Api.form(Api.pair(""));
        int[] sent = {0};
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/api/v1/evaluations");
        DelegatingServletInputStream drip =
                new DelegatingServletInputStream(new java.io.InputStream() {
                    @Override
                    public int read() {
                        java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
                        return form[sent[0]++] & 0xFF;
                    }
                }) {
                    @Override
                    public int read(byte[] into, int offset, int length) throws IOException {
                        into[offset] = (byte) read();
                        return 1; // what is there, as a connection does
                    }
                };
        MockHttpServletRequest dripping = new MockHttpServletRequest("POST", "/api/v1/evaluations") {
            @Override
            public jakarta.servlet.ServletInputStream getInputStream() {
                return drip;
            }
        };
        dripping.setContentType("multipart/form-data; boundary=segmeter-test-boundary");
        try (UploadAdmission.Slot slot = admission.admit(dripping)) {
            assertThatThrownBy(() -> Upload.receive(
                            dripping, service.bean(BlobStore.class), limits, slot, metrics, Upload.Elsewhere.NOWHERE))
                    .isInstanceOfSatisfying(
                            ProblemException.class,
                            e -> assertThat(e.problem().slug()).isEqualTo("upload-too-slow"));
            assertThatThrownBy(() -> admission.admit(request))
                    .isInstanceOfSatisfying(
                            ProblemException.class,
                            e -> assertThat(e.problem().status()).isEqualTo(429));
        }
        assertThat(sent[0]).isLessThan(form.length);
        admission.admit(request).close(); // the slot is free again
    }

    /** Sends the headers alone, asking whether to go on: the answer must be a refusal, without a word to go on. */
    private static void refusedUnread(String from, int status, String problem) throws IOException {
        try (RawClient sender =
                new RawClient(service.port(), from).head("Content-Length: 5000000", "Expect: 100-continue")) {
            RawClient.Answer answer = sender.answer();
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
            SafeHeaders.areIn(status + " unread", answer::header);
            assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(answer.body()).contains("\"/problems/" + problem + "\"");
            assertThat(Integer.parseInt(answer.header("Retry-After"))).isPositive();
        }
    }

    private static void chunk(RawClient sender, byte[] content) throws IOException {
        sender.send((Integer.toHexString(content.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        sender.send(content);
        sender.send("\r\n".getBytes(StandardCharsets.US_ASCII));
    }

    private static void drained() throws Exception {
        await(
                "all are scored",
                () -> !api.get("/api/v1/evaluations?state=QUEUED").text().contains("\"QUEUED\"")
                        && !api.get("/api/v1/evaluations?state=RUNNING").text().contains("\"RUNNING\""));
        await(
                "the queue is known to be empty",
                () -> service.bean(Backlog.class).waiting() == 0);
    }

    private static double gauge(String name) {
        return service.bean(MeterRegistry.class).get(name).gauge().value();
    }

    private static double refused(String reason) {
        return service.bean(MeterRegistry.class)
                .get("segmeter.admission.rejections")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("waiting until " + what).isLessThan(end);
            Thread.sleep(20);
        }
    }
}
