package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What headers declare is held against memory before anything is decoded. */
class MemoryAdmissionTest {

    private static final long MIB = 1L << 20;

    private static final LossEngine NO_LOSSES = (p, r, mask, request, cancel) -> {
        throw new AssertionError("nobody asked for losses");
    };

    @TempDir
    Path folder;

    /** A NIfTI-1 header that declares n x n x n voxels of 8 bits, and its voxels if they are few. */
    private ScoringInput cube(int n) throws Exception {
        ByteBuffer header = ByteBuffer.allocate(352).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0, 348);
        header.putShort(40, (short) 3)
                .putShort(42, (short) n)
                .putShort(44, (short) n)
                .putShort(46, (short) n);
        header.putShort(70, (short) 2).putShort(72, (short) 8);
        for (int i = 76; i < 108; i += 4) {
            header.putFloat(i, 1);
        }
        header.putFloat(108, 352);
        header.putShort(254, (short) 1);
        header.putFloat(280, 1).putFloat(300, 1).putFloat(320, 1);
        header.put(344, (byte) 'n').put(345, (byte) '+').put(346, (byte) '1');
        Path file = folder.resolve("cube-" + n);
        try (var channel = Files.newByteChannel(
                file, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(header);
            channel.position(352 + (long) n * n * n - 1);
            channel.write(ByteBuffer.allocate(1));
        }
        return new ScoringInput(List.of(file), List.of("0".repeat(64)));
    }

    private static ObjectNode answer() {
        return JsonMapper.shared().createObjectNode();
    }

    @Test
    void whatCouldNeverFitIsRefusedWithTheNumbersAndWithoutDecoding() throws Exception {
        AtomicInteger scored = new AtomicInteger();
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    scored.incrementAndGet();
                    return answer();
                },
                NO_LOSSES,
                new MemoryBudget(100 * MIB));
        InputException refusal = catchThrowableOfType(
                InputException.class,
                () -> admission.score(cube(500), cube(20), null, null, ScoringProgress.NONE, CancelSignal.none()));
        assertThat(refusal.problem()).isEqualTo(InputProblem.TOO_LARGE);
        assertThat(refusal.found()).isEqualTo("136 MiB for what their headers declare");
        assertThat(refusal.expected()).startsWith("at most 100 MiB");
        assertThat(scored).hasValue(0);
    }

    @Test
    void whoeverNeedsMuchKeepsTheirPlaceWhileOthersNeedLittle() throws Exception {
        MemoryBudget budget = new MemoryBudget(10 * MIB);
        List<String> begun = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch holding = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch muchHasLooked = new CountDownLatch(3);
        CountDownLatch littleHasLooked = new CountDownLatch(2);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<Boolean>> all = new ArrayList<>();
            all.add(threads.submit(() -> budget.admitted(6 * MIB, CancelSignal.none(), promise -> {
                holding.countDown();
                try {
                    return gate.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            })));
            assertThat(holding.await(60, TimeUnit.SECONDS)).isTrue();
            all.add(threads.submit(() -> budget.admitted(
                    8 * MIB, CancelSignal.watching(muchHasLooked::countDown), promise -> begun.add("much"))));
            assertThat(muchHasLooked.await(60, TimeUnit.SECONDS)).isTrue();
            all.add(threads.submit(() -> budget.admitted(
                    2 * MIB, CancelSignal.watching(littleHasLooked::countDown), promise -> begun.add("little"))));
            assertThat(littleHasLooked.await(10, TimeUnit.SECONDS))
                    .as("it waits behind who came before, though there is room for it")
                    .isTrue();
            gate.countDown();
            for (Future<Boolean> one : all) {
                assertThat(one.get(60, TimeUnit.SECONDS)).isTrue();
            }
        }
        assertThat(begun).containsExactly("much", "little");
        assertThat(budget.promised()).isZero();
    }

    @Test
    void whatDoesNotFitNowWaitsForItsTurn() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    inside.decrementAndGet();
                    return answer();
                },
                NO_LOSSES,
                new MemoryBudget(64 * MIB));
        // 16 MiB of its own and 8 MB of voxels each: two fit into 64 MiB, the third waits.
        ScoringInput side = cube(160);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<ObjectNode>> answers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                answers.add(threads.submit(
                        () -> admission.score(side, side, null, null, ScoringProgress.NONE, CancelSignal.none())));
            }
            while (inside.get() < 2) {
                Thread.onSpinWait();
            }
            gate.countDown();
            for (Future<ObjectNode> a : answers) {
                a.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(most).hasValue(2);
    }

    @Test
    void anEvaluationThatWaitsCanBeCancelled() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    entered.countDown();
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return answer();
                },
                NO_LOSSES,
                new MemoryBudget(40 * MIB));
        ScoringInput side = cube(160);
        CancelSignal signal = new CancelSignal();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<ObjectNode> first = threads.submit(
                    () -> admission.score(side, side, null, null, ScoringProgress.NONE, CancelSignal.none()));
            entered.await();
            Future<ObjectNode> second =
                    threads.submit(() -> admission.score(side, side, null, null, ScoringProgress.NONE, signal));
            signal.cancel();
            assertThat(catchThrowableOfType(
                            java.util.concurrent.ExecutionException.class, () -> second.get(60, TimeUnit.SECONDS)))
                    .hasCauseInstanceOf(java.util.concurrent.CancellationException.class);
            gate.countDown();
            first.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void whoNeedsMoreThanIsFreeLetsGoOfAllAndBeginsAgainWithTheWhole() throws Exception {
        MemoryBudget budget = new MemoryBudget(100 * MIB);
        CountDownLatch bothBegan = new CountDownLatch(2);
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    begun.incrementAndGet();
                    bothBegan.countDown();
                    try {
                        bothBegan.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    // 16 MiB of its own, and 60: both at once never fit into 100.
                    progress.takes(60 * MIB, true);
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    assertThat(budget.promised()).isGreaterThanOrEqualTo(76.0 * MIB);
                    while (budget.again() == 0) {
                        Thread.onSpinWait(); // until the other has asked for what is not free
                    }
                    inside.decrementAndGet();
                    return answer();
                },
                NO_LOSSES,
                budget);
        ScoringInput side = cube(160);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<ObjectNode>> answers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                answers.add(threads.submit(
                        () -> admission.score(side, side, null, null, ScoringProgress.NONE, CancelSignal.none())));
            }
            for (Future<ObjectNode> one : answers) {
                one.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(most).hasValue(1);
        assertThat(begun).as("one of them twice").hasValue(3);
        assertThat(budget.again()).isEqualTo(1);
        assertThat(budget.promised()).isZero();
    }

    @Test
    void structuresThatCouldNeverFitAreRefusedWithTheNumbers() throws Exception {
        MemoryBudget budget = new MemoryBudget(100 * MIB);
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    progress.takes(200 * MIB, true);
                    return answer();
                },
                NO_LOSSES,
                budget);
        InputException refusal = catchThrowableOfType(
                InputException.class,
                () -> admission.score(cube(20), cube(20), null, null, ScoringProgress.NONE, CancelSignal.none()));
        assertThat(refusal.problem()).isEqualTo(InputProblem.TOO_LARGE);
        assertThat(refusal.found()).isEqualTo("216 MiB to measure the structures that were found in them");
        assertThat(refusal.getMessage()).contains("structures");
        assertThat(budget.promised()).isZero();
    }

    @Test
    void whatIsNotTakenIsFreeForOthers() throws Exception {
        MemoryBudget budget = new MemoryBudget(100 * MIB);
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> {
                    progress.takes(2 * MIB, false);
                    assertThat(budget.promised()).as("it may be more").isEqualTo(20.0 * MIB);
                    progress.takes(2 * MIB, true);
                    assertThat(budget.promised()).isEqualTo(18.0 * MIB);
                    return answer();
                },
                NO_LOSSES,
                budget);
        admission.score(cube(160), cube(20), null, null, ScoringProgress.NONE, CancelSignal.none());
        assertThat(budget.promised()).isZero();
    }

    @Test
    void lossesNeedRoomForTheirFieldsUnlessTheseAreLeftOut() throws Exception {
        AtomicInteger measured = new AtomicInteger();
        MemoryAdmission admission = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> answer(),
                (p, r, mask, request, cancel) -> {
                    measured.incrementAndGet();
                    return answer();
                },
                new MemoryBudget(100 * MIB));
        // 10^6 voxels of 100 bytes each do not fit beside the volumes.
        InputException refusal = catchThrowableOfType(
                InputException.class, () -> admission.losses(cube(100), cube(100), null, null, CancelSignal.none()));
        assertThat(refusal.problem()).isEqualTo(InputProblem.TOO_LARGE);
        assertThat(measured).hasValue(0);
        admission.losses(cube(100), cube(100), null, "{\"loss\":{\"dense\":false}}", CancelSignal.none());
        assertThat(measured).hasValue(1);
        // 40 MiB have room for the volumes, but not for 10^6 sorted voxels of 28 bytes beside them.
        MemoryAdmission small = new MemoryAdmission(
                (p, r, mask, request, progress, cancel) -> answer(), NO_LOSSES, new MemoryBudget(40 * MIB));
        assertThat(catchThrowableOfType(
                                InputException.class,
                                () -> small.losses(
                                        cube(100),
                                        cube(100),
                                        null,
                                        "{\"loss\":{\"dense\":false}}",
                                        CancelSignal.none()))
                        .problem())
                .isEqualTo(InputProblem.TOO_LARGE);
    }
}
