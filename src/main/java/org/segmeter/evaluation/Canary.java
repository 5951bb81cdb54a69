package org.segmeter.evaluation;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * Scores a pair whose values are known, every five minutes: a memory, a processor or a virtual machine that counts wrongly is seen before
 * anybody believes its numbers. Two cubes of 4 x 4 x 4 voxels of 1 mm, one a voxel beside the other, share 48 of 64 voxels: Dice 96/128,
 * Jaccard 48/80, Hausdorff distance 1 mm. Nothing is stored; the way through HTTP, queue and database is the command {@code canary}'s.
 */
@Component
final class Canary implements MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(Canary.class);

    private static final Map<String, Double> KNOWN = Map.of("dice", 0.75, "jaccard", 0.6, "hd", 1.0);

    private static final int FIRST = 2;
    private static final int EDGE = 4;

    private final Scorer scorer = Scorer.standard();
    private volatile double right = Double.NaN;
    private volatile double rightAt;

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("segmeter.canary.success", () -> right)
                .description("1 if the pair whose values are known had them when it was last scored, 0 if not")
                .register(registry);
        Gauge.builder("segmeter.canary.last.success.timestamp.seconds", () -> rightAt)
                .description("When it last had them, seconds since 1970; 0 for not yet")
                .register(registry);
    }

    @Scheduled(initialDelay = 20_000, fixedDelay = 300_000)
    void sing() {
        try {
            judge(values());
        } catch (InputException e) {
            wrong(e.problem().slug());
        }
    }

    /** What came out, held to what is known. */
    void judge(Map<String, Double> values) {
        if (values.equals(KNOWN)) {
            right = 1;
            rightAt = System.currentTimeMillis() / 1000.0;
        } else {
            wrong(new TreeMap<>(values).toString());
        }
    }

    private void wrong(String found) {
        right = 0;
        log.error(
                "a pair whose values are known had others: {} instead of {}; do not believe what this machine counts",
                found,
                new TreeMap<>(KNOWN));
    }

    private Map<String, Double> values() throws InputException {
        JsonNode metrics = ScorecardJson.tree(
                        scorer.score(cube(FIRST + 1), cube(FIRST), ScoringOptions.defaults(), CancelSignal.none()))
                .at("/segments/0/metrics");
        Map<String, Double> values = new TreeMap<>();
        for (String name : KNOWN.keySet()) {
            values.put(name, metrics.at("/" + name + "/value").doubleValue(Double.NaN));
        }
        return values;
    }

    /** A volume of 10 x 8 x 8 voxels with one cube, whose first voxel along x is given. */
    private static Segmentation cube(int x0) {
        BitMask mask = new BitMask(new Box(x0, FIRST, FIRST, x0 + EDGE, FIRST + EDGE, FIRST + EDGE));
        for (int z = FIRST; z < FIRST + EDGE; z++) {
            for (int y = FIRST; y < FIRST + EDGE; y++) {
                mask.words()[mask.rowStart(y, z)] = (1L << EDGE) - 1 << x0;
            }
        }
        return new Segmentation(
                new Grid(10, 8, 8, Affine.IDENTITY),
                Segmentation.Encoding.LABELMAP,
                List.of(new Segmentation.SegmentVoxels(Segment.ofLabelValue(1), mask)),
                new Segmentation.Source("canary", null, true, List.of()));
    }
}
