package org.segmeter.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy that does to connections what networks do, in the words of toxiproxy: latency, bandwidth, slicer, timeout (here
 * {@link #blackhole}), reset_peer, down; and one of its own, {@link #cutAt}: to cut a connection at the moment when it carries some bytes.
 */
public final class FaultProxy implements AutoCloseable {

    private final ServerSocket listener;
    private final AtomicReference<InetSocketAddress> target;
    private final Random random;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile Faults faults = Faults.NONE;
    private final AtomicReference<@Nullable Cut> cut = new AtomicReference<>();

    private record Faults(
            long latencyMillis, long jitterMillis, long bytesPerSecond, int slice, boolean blackhole, boolean down) {
        static final Faults NONE = new Faults(0, 0, 0, 0, false, false);
    }

    private record Cut(byte[] at, boolean afterForwarding) {}

    public FaultProxy(int targetPort, long seed) throws IOException {
        this.target = new AtomicReference<>(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), targetPort));
        this.random = new Random(seed);
        this.listener = new ServerSocket(0, 200, InetAddress.getByName("127.0.0.1"));
        Thread.ofVirtual().name("fault-proxy").start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Where connections go from now on. */
    public void target(int port) {
        target.set(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Delays everything that passes. */
    public void latency(Duration delay, Duration jitter) {
        faults = new Faults(delay.toMillis(), jitter.toMillis(), 0, 0, false, false);
    }

    /** Lets pass this many bytes a second in each direction. */
    public void bandwidth(long bytesPerSecond) {
        faults = new Faults(0, 0, bytesPerSecond, 0, false, false);
    }

    /** Hands bytes on in pieces of at most this size. */
    public void slice(int bytes) {
        faults = new Faults(0, 0, 0, bytes, false, false);
    }

    /** Takes everything and hands nothing on. */
    public void blackhole() {
        faults = new Faults(0, 0, 0, 0, true, false);
    }

    /** Ends what there is and refuses what comes. */
    public void down() {
        faults = new Faults(0, 0, 0, 0, false, true);
        reset();
    }

    /** No faults any more. What was swallowed is gone: those connections are reset. */
    public void heal() {
        boolean swallowed = faults.blackhole();
        faults = Faults.NONE;
        cut.set(null);
        if (swallowed) {
            reset();
        }
    }

    /** Resets all connections; says how many. */
    public int reset() {
        int n = 0;
        for (Link link : links) {
            n += link.reset() ? 1 : 0;
        }
        cuts.addAndGet(n);
        return n;
    }

    /**
     * Resets the next connection whose client sends these bytes.
     *
     * @param afterForwarding true: the server still gets them, and only its answer is lost
     */
    public void cutAt(String bytes, boolean afterForwarding) {
        cut.set(new Cut(bytes.getBytes(StandardCharsets.ISO_8859_1), afterForwarding));
    }

    /** True while a {@link #cutAt} still waits for its bytes. */
    public boolean isCutPending() {
        return cut.get() != null;
    }

    public int connections() {
        return connections.get();
    }

    /** Connections that were reset. */
    public int cuts() {
        return cuts.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        links.forEach(Link::reset);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (faults.down()) {
                    resetting(client);
                    continue;
                }
                Socket server = new Socket();
                try {
                    server.connect(target.get(), 2000);
                } catch (IOException e) {
                    resetting(client);
                    continue;
                }
                connections.incrementAndGet();
                Link link = new Link(client, server);
                links.add(link);
                Thread.ofVirtual().start(() -> link.pump(client, server, true));
                Thread.ofVirtual().start(() -> link.pump(server, client, false));
            } catch (IOException e) {
                // closed, or a client that was gone at once
            }
        }
    }

    private static void resetting(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            // it is gone already
        }
    }

    private final class Link {
        private final Socket client;
        private final Socket server;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        boolean reset() {
            boolean was = links.remove(this);
            resetting(client);
            resetting(server);
            return was;
        }

        void pump(Socket from, Socket to, boolean fromClient) {
            byte[] buffer = new byte[16 << 10];
            try (InputStream in = from.getInputStream();
                    OutputStream out = to.getOutputStream()) {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    Faults now = faults;
                    if (now.blackhole()) {
                        continue;
                    }
                    Cut wanted = fromClient ? cut.get() : null;
                    boolean hit = wanted != null && contains(buffer, n, wanted.at()) && cut.compareAndSet(wanted, null);
                    if (hit && wanted != null && !wanted.afterForwarding()) {
                        cuts.incrementAndGet();
                        reset();
                        return;
                    }
                    hand(buffer, n, out, now);
                    if (hit) {
                        // The server's answer would be on its way; it must not arrive.
                        resetting(client);
                        cuts.incrementAndGet();
                        Thread.sleep(20);
                        reset();
                        return;
                    }
                }
                to.shutdownOutput();
            } catch (IOException e) {
                reset();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void hand(byte[] buffer, int n, OutputStream out, Faults now) throws IOException, InterruptedException {
            if (now.latencyMillis() > 0) {
                long jitter = now.jitterMillis() == 0 ? 0 : random.nextLong(now.jitterMillis());
                Thread.sleep(now.latencyMillis() + jitter);
            }
            int piece = now.slice() > 0 ? now.slice() : n;
            for (int at = 0; at < n; at += piece) {
                int length = Math.min(piece, n - at);
                out.write(buffer, at, length);
                out.flush();
                if (now.bytesPerSecond() > 0) {
                    Thread.sleep(length * 1000L / now.bytesPerSecond());
                }
            }
        }
    }

    private static boolean contains(byte[] buffer, int length, byte[] wanted) {
        for (int i = 0; i + wanted.length <= length; i++) {
            int j = 0;
            while (j < wanted.length && buffer[i + j] == wanted[j]) {
                j++;
            }
            if (j == wanted.length) {
                return true;
            }
        }
        return false;
    }
}
