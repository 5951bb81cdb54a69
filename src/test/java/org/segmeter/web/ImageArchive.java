package org.segmeter.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A DICOMweb server with images, of which each series can be searched and each image be retrieved. */
final class ImageArchive implements AutoCloseable {

    private final HttpServer server;
    private final Map<String, List<byte[]>> series = new ConcurrentHashMap<>();
    private final AtomicInteger retrieved = new AtomicInteger();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private volatile String held = "none";

    ImageArchive() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/dicom-web";
    }

    /** Images that were asked for. */
    int retrieved() {
        return retrieved.get();
    }

    /** @param images none: the server breaks when it is asked for the series */
    void put(String study, String uid, List<byte[]> images) {
        series.put("/dicom-web/studies/" + study + "/series/" + uid, images);
    }

    /** Questions about a study have no answer until {@link #letGo}, and then that the server broke. */
    void hold(String study) {
        held = "/dicom-web/studies/" + study + "/";
    }

    /** Returns when somebody waits for an answer that is held. */
    void awaitHeld() throws InterruptedException {
        if (!asked.await(60, TimeUnit.SECONDS)) {
            throw new AssertionError("nobody asked");
        }
    }

    /** True if nobody was told anything of what is held. */
    boolean isHeld() {
        return go.getCount() > 0;
    }

    void letGo() {
        go.countDown();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.startsWith(held)) {
                asked.countDown();
                go.await();
                exchange.sendResponseHeaders(500, -1);
                return;
            }
            List<byte[]> images = series.get(path.replaceAll("/instances.*", ""));
            String name = path.replaceAll(".*/", "");
            if (images == null) {
                exchange.sendResponseHeaders(204, -1);
            } else if (images.isEmpty()) {
                exchange.sendResponseHeaders(500, -1);
            } else if (name.equals("instances")) {
                boolean first = !exchange.getRequestURI().getQuery().matches(".*offset=[1-9].*");
                List<String> found = new ArrayList<>();
                for (int i = 0; first && i < images.size(); i++) {
                    found.add(
                            "{\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"" + path.replaceAll(".*/series/|/instances", "")
                                    + "\"]},\"00080018\":{\"vr\":\"UI\",\"Value\":[\"1.2." + i + "\"]}}");
                }
                send(exchange, "application/dicom+json", found.toString().getBytes(StandardCharsets.UTF_8));
            } else {
                retrieved.incrementAndGet();
                send(exchange, "application/dicom", images.get(Integer.parseInt(name.substring(4))));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void send(HttpExchange exchange, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
