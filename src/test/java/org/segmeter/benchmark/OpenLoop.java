package org.segmeter.benchmark;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * Requests that are sent on time, whatever has become of those before: each on a connection of its own, all by one thread that waits for
 * nothing but the next event. A client on the machine of the service must take little of it and must not wait for it: a thread for each
 * request would stand in line for the processors that the service uses, and its time in that line would be counted as the service's.
 */
final class OpenLoop {

    /** What Linux gives a thread that is to have a processor at once when it has something to do (setpriority(2)); takes root. */
    private static final int PRIORITY = -15;

    private final InetSocketAddress address;
    private final LongFunction<byte[]> requests;
    private final int mostOpen;
    private final List<Answer> answers = new ArrayList<>();
    private long notSent;
    private int open;

    /**
     * @param requests the bytes of the request of a number, which ask for the connection to be closed
     * @param mostOpen requests that may be under way
     */
    OpenLoop(InetSocketAddress address, LongFunction<byte[]> requests, int mostOpen) {
        this.address = address;
        this.requests = requests;
        this.mostOpen = mostOpen;
    }

    /**
     * A request as its client saw it.
     *
     * @param status 0 if there was no answer
     * @param dueNanos when it was to be sent, from the beginning of the loop
     * @param lateNanos after that it was sent
     * @param connectedNanos from the connection asked for to the connection
     * @param answeredNanos from the connection asked for to the end of the answer's head
     * @param begunMillis when the connection was asked for, since 1970
     */
    record Answer(
            long number,
            int status,
            boolean hasRetryAfter,
            long dueNanos,
            long lateNanos,
            long connectedNanos,
            long answeredNanos,
            long begunMillis) {

        boolean isRefusal() {
            return status == 503 || status == 429 || status == 507;
        }
    }

    /**
     * What came of all.
     *
     * @param notSent requests that were due while as many as may be were under way
     * @param urgent false if the system did not let the client go before others
     */
    record Outcome(List<Answer> answers, long notSent, boolean urgent) {}

    /** Sends for so long, and waits for the last answers. */
    Outcome run(long firstNumber, double perSecond, double seconds) throws IOException, InterruptedException {
        boolean[] urgent = new boolean[1];
        IOException[] failed = new IOException[1];
        Thread thread = Thread.ofPlatform().name("open-loop").start(() -> {
            urgent[0] = goFirst();
            try {
                loop(firstNumber, perSecond, seconds);
            } catch (IOException e) {
                failed[0] = e;
            }
        });
        thread.join();
        if (failed[0] != null) {
            throw failed[0];
        }
        return new Outcome(List.copyOf(answers), notSent, urgent[0]);
    }

    private void loop(long firstNumber, double perSecond, double seconds) throws IOException {
        long total = (long) (perSecond * seconds);
        long start = System.nanoTime();
        try (Selector selector = Selector.open()) {
            long next = 0;
            long looked = start;
            while (next < total || open > 0) {
                long due = start + (long) (next / perSecond * 1e9);
                long now = System.nanoTime();
                if (next < total && now >= due) {
                    if (open < mostOpen) {
                        send(selector, firstNumber + next, start, due);
                    } else {
                        notSent++;
                    }
                    next++;
                    selector.selectNow(this::go);
                } else {
                    // Up to a millisecond late, rather than awake all the time on a processor that the service wants.
                    selector.select(this::go, next < total ? 1 + (due - now) / 1_000_000 : 1000);
                }
                if (now - looked > 1_000_000_000L) {
                    endOld(selector);
                    looked = now;
                }
            }
        }
    }

    private void send(Selector selector, long number, long start, long due) throws IOException {
        SocketChannel channel = SocketChannel.open();
        Exchange exchange = new Exchange(number, start, due, ByteBuffer.wrap(requests.apply(number)));
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        open++;
        SelectionKey key = channel.register(selector, 0, exchange);
        exchange.begin();
        try {
            if (channel.connect(address)) {
                connected(key);
            } else {
                key.interestOps(SelectionKey.OP_CONNECT);
            }
        } catch (IOException e) {
            end(key);
        }
    }

    private void go(SelectionKey key) {
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            if (key.isConnectable()) {
                channel.finishConnect();
                connected(key);
            } else if (key.isReadable()) {
                read(key);
            } else if (key.isWritable()) {
                write(key);
            }
        } catch (IOException e) {
            end(key);
        }
    }

    private void connected(SelectionKey key) throws IOException {
        Exchange exchange = (Exchange) key.attachment();
        exchange.connected = System.nanoTime();
        write(key);
    }

    private void write(SelectionKey key) throws IOException {
        Exchange exchange = (Exchange) key.attachment();
        ((SocketChannel) key.channel()).write(exchange.request);
        // A service that refuses may say so before it has all.
        key.interestOps(
                exchange.request.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    private void read(SelectionKey key) throws IOException {
        Exchange exchange = (Exchange) key.attachment();
        int n = ((SocketChannel) key.channel()).read(exchange.answer);
        if (exchange.answered == 0 && exchange.hasHead()) {
            exchange.answered = System.nanoTime();
        }
        if (n < 0 || !exchange.answer.hasRemaining()) {
            end(key);
        }
    }

    private void end(SelectionKey key) {
        Exchange exchange = (Exchange) key.attachment();
        answers.add(exchange.result());
        open--;
        try {
            key.channel().close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    /** Who waits for a minute is not answered. */
    private void endOld(Selector selector) {
        long now = System.nanoTime();
        for (SelectionKey key : List.copyOf(selector.keys())) {
            if (key.isValid() && now - ((Exchange) key.attachment()).begun > 60_000_000_000L) {
                end(key);
            }
        }
    }

    private static final class Exchange {
        private final long number;
        private final long start;
        private final long due;
        private final ByteBuffer request;
        private final ByteBuffer answer = ByteBuffer.allocate(8192);
        private long begun;
        private long begunMillis;
        private long connected;
        private long answered;

        Exchange(long number, long start, long due, ByteBuffer request) {
            this.number = number;
            this.start = start;
            this.due = due;
            this.request = request;
        }

        void begin() {
            begunMillis = System.currentTimeMillis();
            begun = System.nanoTime();
        }

        /** True if the answer's first empty line is there. */
        boolean hasHead() {
            byte[] bytes = answer.array();
            for (int i = 3; i < answer.position(); i++) {
                if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n' && bytes[i - 3] == '\r') {
                    return true;
                }
            }
            return false;
        }

        Answer result() {
            String head = new String(answer.array(), 0, answer.position(), StandardCharsets.ISO_8859_1);
            boolean isAnswer = answered != 0 && head.startsWith("HTTP/1.1 ");
            return new Answer(
                    number,
                    isAnswer ? Integer.parseInt(head.substring(9, 12)) : 0,
                    isAnswer && head.toLowerCase(Locale.ROOT).contains("\r\nretry-after:"),
                    due - start,
                    begun - due,
                    Math.max(0, connected - begun),
                    (isAnswer ? answered : System.nanoTime()) - begun,
                    begunMillis);
        }
    }

    /** Lets this thread go before others, as a client with processors of its own does; false if the system does not. */
    private static boolean goFirst() {
        Linker linker = Linker.nativeLinker();
        Optional<MethodHandle> call = linker.defaultLookup()
                .find("setpriority")
                .map(function -> linker.downcallHandle(
                        function,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT)));
        try {
            // The process whose number is 0 is, to Linux, the thread that asks.
            return call.isPresent() && (int) call.get().invokeExact(0, 0, PRIORITY) == 0;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
