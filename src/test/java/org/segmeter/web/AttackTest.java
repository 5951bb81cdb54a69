package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;
import org.yaml.snakeyaml.Yaml;

/** What is tried on services that listen to a network, and what this one makes of it. */
class AttackTest {

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** Somebody to whom the service might be led; nobody may ever call. */
    private static ServerSocket listener;

    private static final AtomicInteger calls = new AtomicInteger();
    private static Service service;

    @BeforeAll
    static void listen() throws Exception {
        service = Service.shared();
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    listener.accept().close();
                    calls.incrementAndGet();
                } catch (java.io.IOException e) {
                    return;
                }
            }
        });
    }

    @AfterAll
    static void stop() throws Exception {
        listener.close();
        assertThat(calls)
                .as("connections of the service to where a request wanted it")
                .hasValue(0);
    }

    private static HttpResponse<String> send(String method, String path, byte @Nullable [] body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .timeout(Duration.ofSeconds(60))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void xmlIsReadNowhere() throws Exception {
        String there = "http://127.0.0.1:" + listener.getLocalPort() + "/";
        Map<String, String> documents = Map.of(
                "entities of entities",
                "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
                        + "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><l>&c;</l>",
                "an external DTD",
                "<?xml version=\"1.0\"?><!DOCTYPE l SYSTEM \"" + there + "x.dtd\"><l/>",
                "an external entity",
                "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY x SYSTEM \"" + there + "\">]><l>&x;</l>",
                "a parameter entity",
                "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY % x SYSTEM \"" + there + "\"> %x;]><l/>",
                "a file",
                "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>",
                "a picture",
                "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"" + there + "\"/><script>x</script></svg>");
        for (Map.Entry<String, String> document : documents.entrySet()) {
            byte[] body = bytes(document.getValue());
            byte[] part =
                    bytes("--b\r\nContent-Type: application/dicom+xml\r\n\r\n" + document.getValue() + "\r\n--b--\r\n");
            byte[] file = bytes("--b\r\nContent-Disposition: form-data; name=\"prediction\"; filename=\"x.xml\"\r\n\r\n"
                    + document.getValue()
                    + "\r\n--b\r\nContent-Disposition: form-data; name=\"reference\"; filename=\"y.xml\"\r\n\r\n"
                    + document.getValue() + "\r\n--b--\r\n");
            for (HttpResponse<String> answer : List.of(
                    send("POST", "/dicom-web/studies", body, "Content-Type", "application/dicom+xml"),
                    send(
                            "POST",
                            "/dicom-web/studies",
                            part,
                            "Content-Type",
                            "multipart/related; type=\"application/dicom+xml\"; boundary=b"),
                    send(
                            "POST",
                            "/dicom-web/studies",
                            part,
                            "Content-Type",
                            "multipart/related; type=\"application/dicom\"; boundary=b"),
                    send("POST", "/api/v1/evaluations", body, "Content-Type", "application/xml"),
                    send("POST", "/api/v1/evaluations", body, "Content-Type", "text/xml"),
                    send("PUT", "/api/v1/pairing-rules", body, "Content-Type", "application/xml"),
                    send("POST", "/api/v1/comparisons", body, "Content-Type", "application/json"),
                    send(
                            "POST",
                            "/api/v1/evaluations",
                            file,
                            "Content-Type",
                            "multipart/form-data; boundary=b",
                            "Prefer",
                            "wait=30"))) {
                assertThat(answer.statusCode())
                        .as("%s to %s: %s", document.getKey(), answer.uri().getPath(), answer.body())
                        .isBetween(400, 422);
                assertThat(answer.body()).doesNotContain("aaaaaaaaaa", "root:");
            }
        }
    }

    /** Addresses of this machine and others inside, as filters of addresses fail to know them. */
    private static List<String> addresses() {
        int port = listener.getLocalPort();
        List<String> addresses = new ArrayList<>();
        for (String host : List.of(
                "127.0.0.1",
                "localhost",
                "LOCALHOST",
                "localhost.",
                "127.1",
                "127.0.1",
                "2130706433",
                "0x7f000001",
                "0x7f.0.0.1",
                "0177.0.0.1",
                "017700000001",
                "0.0.0.0",
                "0",
                "[::1]",
                "[::]",
                "[::ffff:127.0.0.1]",
                "[0:0:0:0:0:ffff:7f00:1]",
                "pacs.example@127.0.0.1",
                "127.0.0.1#@pacs.example",
                "127.0.0.1\\\\@pacs.example",
                "①②⑦.⓪.⓪.①",
                "127。0。0。1",
                "127.0.0.1.nip.io",
                "169.254.169.254",
                "[fd00:ec2::254]",
                "metadata.google.internal",
                "100.100.100.200",
                "10.0.0.1",
                "192.168.0.1",
                "172.17.0.1")) {
            addresses.add("http://" + host + ":" + port + "/dicom-web");
            addresses.add("https://" + host + ":" + port);
        }
        for (String scheme :
                List.of("file:///etc/passwd", "ftp://", "gopher://", "jar:http://", "ldap://", "dict://", "//")) {
            addresses.add(scheme.endsWith("//") ? scheme + "127.0.0.1:" + port + "/x" : scheme);
        }
        return addresses;
    }

    @Test
    void noRequestLeadsTheServiceAnywhere() throws Exception {
        List<String> addresses = addresses();
        assertThat(addresses).hasSizeGreaterThan(60);
        for (String address : addresses) {
            String place = "{\"dicomweb\":{\"source\":\"" + address + "\",\"study\":\"1.2\",\"series\":\"1.3\"}}";
            for (String[] tried : List.of(
                    new String[] {"/api/v1/pulls", "{\"source\":\"" + address + "\",\"study\":\"1.2\"}"},
                    new String[] {"/api/v1/pulls", "{\"source\":\"main\",\"study\":\"" + address + "\"}"},
                    new String[] {"/api/v1/pulls", "{\"source\":\"main\",\"study\":\"1.2\",\"url\":\"" + address + "\"}"
                    },
                    new String[] {"/api/v1/evaluations", "{\"prediction\":" + place + ",\"reference\":" + place + "}"
                    })) {
                HttpResponse<String> answer = send(
                        "POST",
                        tried[0],
                        bytes(tried[1]),
                        "Content-Type",
                        "application/json",
                        "X-Forwarded-Host",
                        "127.0.0.1:" + listener.getLocalPort(),
                        "Referer",
                        "http://127.0.0.1:" + listener.getLocalPort() + "/");
                assertThat(answer.statusCode()).as(tried[0] + " " + tried[1]).isBetween(400, 422);
            }
        }
        System.out.println(
                "AttackTest: " + 4 * addresses.size() + " requests with addresses, " + calls.get() + " connections");
    }

    @Test
    void whatAnObjectBeginsWithInsteadOfNothingNeverGoesOut() throws Exception {
        Map<String, byte[]> heads = new LinkedHashMap<>();
        heads.put("program of Windows", new byte[] {'M', 'Z', (byte) 0x90, 0});
        heads.put("program of Linux", new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        heads.put("PDF", bytes("%PDF-1.7\n"));
        heads.put("TIFF, little endian", new byte[] {'I', 'I', '*', 0});
        heads.put("TIFF, big endian", new byte[] {'M', 'M', 0, '*'});
        heads.put("script", bytes("#!/bin/sh\nid\n"));
        heads.put("ZIP", new byte[] {'P', 'K', 3, 4});
        heads.put("class of Java", new byte[] {(byte) 0xca, (byte) 0xfe, (byte) 0xba, (byte) 0xbe});
        heads.put("program of macOS", new byte[] {(byte) 0xcf, (byte) 0xfa, (byte) 0xed, (byte) 0xfe});
        heads.put("page", bytes("<html><script>alert(1)</script>"));
        DicomWeb pacs = new DicomWeb(service.port());
        double before = preambles();
        for (Map.Entry<String, byte[]> head : heads.entrySet()) {
            SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
            byte[] content = seg.bytes();
            System.arraycopy(head.getValue(), 0, content, 0, head.getValue().length);
            assertThat(pacs.store(content).status()).as(head.getKey()).isEqualTo(200);
            String path = "/studies/" + seg.study + "/series/" + seg.series() + "/instances/" + seg.sop();
            DicomWeb.Answer back = pacs.get(path, "Accept", "application/dicom");
            assertThat(Arrays.copyOf(back.body(), 128)).as(head.getKey()).containsOnly(0);
            assertThat(back.body()).hasSameSizeAs(content);
            assertThat(back.header("X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(back.header("Content-Disposition")).startsWith("attachment");
        }
        assertThat(preambles() - before).isEqualTo(heads.size());
    }

    private static double preambles() throws Exception {
        return send("GET", "/actuator/prometheus", null)
                .body()
                .lines()
                .filter(line -> line.startsWith("segmeter_preamble_nonzero_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void noErrorTellsOfTheInsideOfTheService() throws Exception {
        List<String> names = List.of(
                "00000000-0000-0000-0000-000000000000",
                "'; drop table evaluation; --",
                "${jndi:ldap://127.0.0.1:" + listener.getLocalPort() + "/x}",
                "#{T(java.lang.Runtime).getRuntime().exec('id')}",
                "%s%n%x",
                "<script>alert(1)</script>",
                "../../../etc/passwd",
                "\u0000\r\nX: y",
                "\u202e\u2028ÿ😀",
                "9".repeat(400));
        String query = "?limit=100000000&offset=-1&from=yesterday&to=%FF&cursor=%F0%28%8C%28&state=x&metric=%00&model="
                + "a".repeat(3000);
        Map<String, Object> document = new Yaml().load(Contract.document());
        int errors = 0;
        int requests = 0;
        for (Map.Entry<?, ?> route : ((Map<?, ?>) document.get("paths")).entrySet()) {
            String template = String.valueOf(route.getKey());
            boolean named = template.contains("{");
            for (Object verb : ((Map<?, ?>) route.getValue()).keySet()) {
                String method = String.valueOf(verb).toUpperCase(Locale.ROOT);
                if (!List.of("GET", "PUT", "DELETE").contains(method) || (!named && !method.equals("GET"))) {
                    continue;
                }
                for (String name : named ? names : List.of("")) {
                    String path = template.replaceAll(
                            "\\{[^}]+\\}",
                            java.util.regex.Matcher.quoteReplacement(URLEncoder.encode(name, StandardCharsets.UTF_8)
                                    .replace("+", "%20")));
                    for (String asked : List.of("", query)) {
                        HttpResponse<String> answer = send(method, path + asked, null);
                        requests++;
                        String what = method + " " + path + asked + ": " + answer.statusCode();
                        assertThat(answer.statusCode()).as(what).isLessThan(500);
                        if (answer.statusCode() >= 400) {
                            errors++;
                            assertThat(answer.body())
                                    .as(what)
                                    .doesNotContain(
                                            "Exception", "org.segmeter", "java.lang.", "springframework", "Tomcat")
                                    .doesNotContainIgnoringCase("postgres", "sqlstate", "jdbc:", "select ", "0.1.0")
                                    .doesNotContain(service.directory().toString(), "<script>");
                        }
                    }
                }
            }
        }
        System.out.println("AttackTest: " + requests + " odd requests, " + errors + " refused, none by a fault");
        assertThat(errors).isGreaterThan(300);
    }
}
