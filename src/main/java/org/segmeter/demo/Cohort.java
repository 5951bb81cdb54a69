package org.segmeter.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;
import org.segmeter.volume.Segmentation;

/**
 * Three hundred cases of an abdomen that nobody has, with what three models and three readers made of them. Everything follows from the
 * seed and the number of a case, so that a case is the same whenever it is made.
 *
 * <p>What is to be seen in it: {@code atlas-net} 2.0 is better than 1.0 and gets worse from month to month at the site that got another
 * scanner; {@code swift-seg} sees structures that are not there; {@code uni-former} is the best but misses the pancreas now and
 * then; the readers agree more with each other than the models with them.
 */
final class Cohort {

    static final int CASES = 300;
    static final int SEED = 20_261_128;

    /** Labels that every evaluation of the demonstration has. */
    static final String MARK = "demo";

    private static final double YEAR_DAYS = 365;
    private static final int READ_EVERY = 5;
    private static final List<String> SITES = List.of("north", "south", "west");
    private static final Map<String, List<String>> SCANNERS = Map.of(
            "north", List.of("Helios 64", "Helios 128"),
            "south", List.of("Nova CT", "Nova CT Plus"),
            "west", List.of("Helios 128", "Orbit 320"));
    private static final List<String> READERS = List.of("reader-1", "reader-2", "reader-3");

    private static final Grid GRID = new Grid(
            64, 64, 40, Affine.of(new double[] {3, 0, 0}, new double[] {0, 3, 0}, new double[] {0, 0, 5}, new double[] {
                -96, -96, -100
            }));

    /** A structure: what it is called and how large and where it is in most bodies. */
    private enum Structure {
        LIVER(
                "Liver",
                "10200004",
                SegmentConcept.Laterality.UNSPECIFIED,
                new double[] {60, 85, 115},
                new double[] {42, 36, 40},
                0),
        SPLEEN(
                "Spleen",
                "78961009",
                SegmentConcept.Laterality.UNSPECIFIED,
                new double[] {142, 112, 120},
                new double[] {17, 22, 26},
                0.04),
        LEFT_KIDNEY(
                "Left kidney",
                "64033007",
                SegmentConcept.Laterality.LEFT,
                new double[] {133, 125, 62},
                new double[] {14, 15, 26},
                0.05),
        PANCREAS(
                "Pancreas",
                "15776009",
                SegmentConcept.Laterality.UNSPECIFIED,
                new double[] {103, 78, 72},
                new double[] {26, 9, 10},
                0.02);

        private final String label;
        private final String code;
        private final SegmentConcept.Laterality laterality;
        private final double[] centre;
        private final double[] radius;
        private final double absent;

        Structure(
                String label,
                String code,
                SegmentConcept.Laterality laterality,
                double[] centre,
                double[] radius,
                double absent) {
            this.label = label;
            this.code = code;
            this.laterality = laterality;
            this.centre = centre;
            this.radius = radius;
            this.absent = absent;
        }

        Segment segment() {
            return new Segment(
                    ordinal() + 1,
                    label,
                    new SegmentConcept(
                            new CodedConcept("123037004", "SCT", "Anatomical Structure"),
                            new CodedConcept(code, "SCT", this == LEFT_KIDNEY ? "Kidney" : label),
                            List.of(),
                            null,
                            List.of(),
                            laterality),
                    null,
                    null,
                    null);
        }
    }

    /**
     * Who makes predictions, and how well.
     *
     * @param name of the model; null for a reader
     * @param version of the model; null for a reader
     * @param reader null for a model
     * @param from first month of the twelve in which it is used
     * @param to the month after the last
     * @param error typical distance of its surface from the reference's, in mm, for a structure of middling size
     * @param bias by which part what it draws is too large
     * @param misses how often it misses a small structure
     * @param invents how often it sees a structure that is not there
     * @param drift by which part its error grows in a month, at the site with the new scanner
     */
    private record Author(
            @Nullable String name,
            @Nullable String version,
            @Nullable String reader,
            int from,
            int to,
            double error,
            double bias,
            double misses,
            double invents,
            double drift) {}

    private static final List<Author> MODELS = List.of(
            new Author("atlas-net", "1.0", null, 0, 8, 3.4, 0.03, 0.03, 0.2, 0),
            new Author("atlas-net", "2.0", null, 4, 12, 2.4, 0.01, 0.015, 0.1, 0.16),
            new Author("swift-seg", "1.4", null, 0, 12, 4.0, -0.04, 0.03, 0.6, 0),
            new Author("uni-former", "3.1", null, 0, 12, 2.0, 0, 0.06, 0.05, 0));

    private final int seed;
    private final Instant end;

    /** @param end of the twelve months */
    Cohort(int seed, Instant end) {
        this.seed = seed;
        this.end = end;
    }

    /**
     * One evaluation of a case.
     *
     * @param datedAt when it is to have been
     */
    record Prediction(Description description, Segmentation segmentation, Instant datedAt) {}

    /** One case: the reference and what was made of it. */
    record Case(Segmentation reference, List<Prediction> predictions) {}

    /** The numbers of the cases in the order in which they are made: spread over the year, so that there is something to see at once. */
    List<Integer> order() {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < CASES; i++) {
            numbers.add(i);
        }
        Collections.shuffle(numbers, new Random(seed));
        return numbers;
    }

    /** How many predictions a case has. */
    int predictions(int number) {
        return authors(number).size();
    }

    private static List<Author> authors(int number) {
        List<Author> authors = new ArrayList<>();
        int month = 12 * number / CASES;
        for (Author model : MODELS) {
            if (month >= model.from && month < model.to) {
                authors.add(model);
            }
        }
        if (number % READ_EVERY == 0) {
            double[] errors = {0.9, 1.1, 1.6};
            for (int i = 0; i < READERS.size(); i++) {
                authors.add(new Author(null, null, READERS.get(i), 0, 12, errors[i], i == 2 ? 0.04 : 0, 0.002, 0, 0));
            }
        }
        return authors;
    }

    /** Makes a case. */
    Case make(int number) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003L + number);
        String site = SITES.get(random.nextInt(SITES.size()));
        double month = 12.0 * number / CASES;
        // The site in the south got its new scanner in the seventh month.
        List<String> scanners = SCANNERS.getOrDefault(site, List.of());
        String scanner = site.equals("south") ? scanners.get(month >= 7 ? 1 : 0) : pick(scanners, random);
        double difficulty = Math.exp(0.35 * random.nextGaussian());
        Body[] bodies = new Body[Structure.values().length];
        boolean[] there = new boolean[bodies.length];
        double[] sway = {4 * random.nextGaussian(), 4 * random.nextGaussian(), 5 * random.nextGaussian()};
        double size = 1 + 0.07 * random.nextGaussian();
        for (Structure structure : Structure.values()) {
            double[] centre = new double[3];
            double[] radius = new double[3];
            for (int axis = 0; axis < 3; axis++) {
                centre[axis] = structure.centre[axis] + sway[axis] + 2 * random.nextGaussian();
                radius[axis] = structure.radius[axis] * size * (1 + 0.08 * random.nextGaussian());
            }
            bodies[structure.ordinal()] = new Body(centre, radius, Body.waves(4, 0.14, 3, random));
            there[structure.ordinal()] = random.nextDouble() >= structure.absent;
        }
        List<Prediction> predictions = new ArrayList<>();
        Instant acquired = end.minus(Duration.ofSeconds(
                (long) ((YEAR_DAYS * (1 - (number + 0.5) / CASES) + 0.4 * (random.nextDouble() - 0.5)) * 86_400)));
        int delay = 0;
        for (Author author : authors(number)) {
            delay += 60 + random.nextInt(600);
            Instant at = acquired.plusSeconds(delay);
            predictions.add(new Prediction(
                    description(number, site, scanner, author),
                    predicted(author, bodies, there, site, month, difficulty, random.split()),
                    at.isAfter(end) ? end : at));
        }
        return new Case(segmentation(bodies, there, null), predictions);
    }

    private static String pick(List<String> all, RandomGenerator random) {
        return all.get(random.nextInt(all.size()));
    }

    private static Description description(int number, String site, String scanner, Author author) {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put(MARK, "true");
        labels.put("scanner", scanner);
        if (author.reader != null) {
            labels.put("reader", author.reader);
        }
        return new Description("demo-%03d".formatted(number + 1), author.name, author.version, site, labels);
    }

    private static Segmentation predicted(
            Author author,
            Body[] bodies,
            boolean[] there,
            String site,
            double month,
            double difficulty,
            SplittableRandom random) {
        double since = Math.max(0, month - 7);
        double drift = site.equals("south") ? 1 + author.drift * since * (1 + 0.1 * since) : 1;
        double error = author.error * difficulty * drift;
        Body[] drawn = new Body[bodies.length];
        boolean[] drawnThere = new boolean[bodies.length];
        for (int i = 0; i < bodies.length; i++) {
            boolean small = i >= 2;
            double chance = random.nextDouble();
            drawnThere[i] = there[i]
                    ? chance >= author.misses * (small ? 1.5 : 0.2) * Math.sqrt(difficulty * drift)
                    : chance < author.invents;
            double mean = Math.cbrt(
                    bodies[i].radius()[0] * bodies[i].radius()[1] * bodies[i].radius()[2]);
            double[] shift = {
                0.25 * error * random.nextGaussian(),
                0.25 * error * random.nextGaussian(),
                0.4 * error * random.nextGaussian()
            };
            double scale = 1 + author.bias + 0.25 * error / mean * random.nextGaussian();
            // What is not there is drawn small.
            drawn[i] = bodies[i].changed(
                    shift, there[i] ? scale : 0.45 * scale, Body.waves(5, error / mean * 0.6, 6, random));
        }
        Body island = author.reader == null && random.nextDouble() < 0.03 * difficulty * drift
                ? new Body(
                        new double[] {
                            40 + 110 * random.nextDouble(),
                            40 + 110 * random.nextDouble(),
                            30 + 140 * random.nextDouble()
                        },
                        new double[] {9, 9, 12},
                        Body.waves(3, 0.2, 3, random))
                : null;
        return segmentation(drawn, drawnThere, island);
    }

    /** @param island more of the liver, somewhere else; null for none */
    private static Segmentation segmentation(Body[] bodies, boolean[] there, @Nullable Body island) {
        BitMask taken = new BitMask(GRID.box());
        List<Segmentation.SegmentVoxels> segments = new ArrayList<>();
        for (Structure structure : Structure.values()) {
            BitMask mask = new BitMask(GRID.box());
            if (there[structure.ordinal()]) {
                bodies[structure.ordinal()].paint(GRID, mask, taken);
            }
            if (structure == Structure.LIVER && island != null) {
                island.paint(GRID, mask, taken);
            }
            segments.add(new Segmentation.SegmentVoxels(structure.segment(), mask));
        }
        return new Segmentation(
                GRID, Segmentation.Encoding.BINARY, segments, new Segmentation.Source("demo", null, true, List.of()));
    }
}
