package org.segmeter.metric.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.ExplainedDifferences;
import org.segmeter.metric.OracleCase;
import org.segmeter.metric.RandomMasks;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

class SkeletonTest {

    @Test
    void centrelinesOnTheCasesKeptHereAreThoseOfOtherTools() {
        compare(OracleCase.kept(), 60);
    }

    @Test
    void centrelinesOnAllCasesAreThoseOfOtherTools() {
        ExplainedDifferences.assertDocumented(SkeletonTest.class, compare(OracleCase.all(), 190));
    }

    /** The answers that differ for a known reason, by the reason. */
    private static Map<String, Integer> compare(List<OracleCase> cases, int atLeast) {
        int compared = 0;
        int leftToProtocols = 0;
        Map<String, Integer> explained = new TreeMap<>();
        List<String> unexplained = new ArrayList<>();
        for (OracleCase c : cases) {
            for (int label : c.labels()) {
                CentrelineDice d = CentrelineDice.of(
                        c.prediction(label), c.reference(label), Skeleton.Rule.SCIKIT_IMAGE, CancelSignal.none());
                for (JsonNode row : c.results()) {
                    if (row.get("label").asInt(-1) != label) {
                        continue;
                    }
                    OptionalDouble ours = switch (row.get("metric").asString()) {
                        case "skeleton_voxels_pred" -> OptionalDouble.of(d.predictionLength());
                        case "skeleton_voxels_ref" -> OptionalDouble.of(d.referenceLength());
                        case "cl_dice" -> d.value();
                        case "topology_precision" -> d.topologyPrecision();
                        case "topology_sensitivity" -> d.topologySensitivity();
                        default -> OptionalDouble.of(Double.NaN);
                    };
                    if (ours.isPresent() && Double.isNaN(ours.getAsDouble())) {
                        continue;
                    }
                    boolean number = row.get("value").isNumber();
                    if (ours.isEmpty() && !number) {
                        compared++;
                    } else if (ours.isEmpty() && row.get("value").asDouble() == 0) {
                        // What stands where there is no centreline is the protocol's rule: ProtocolOracleTest.
                        leftToProtocols++;
                    } else if (ours.isEmpty()) {
                        unexplained.add(c.name() + " " + row + " but here nothing");
                    } else if (number
                            && Math.abs(ours.getAsDouble() - row.get("value").asDouble()) < 1e-9) {
                        compared++;
                    } else if (!number && ours.getAsDouble() == 0) {
                        explained.merge(
                                row.get("peer").asString()
                                        + " cl_dice: 0/0 where neither centreline meets the other side; the harmonic mean of two zeros is 0 here",
                                1,
                                Integer::sum);
                    } else {
                        unexplained.add(c.name() + " " + row + " but here " + ours.getAsDouble());
                    }
                }
            }
        }
        System.out.println("centrelines of other tools: " + compared + " values agree, " + leftToProtocols
                + " are compared by ProtocolOracleTest, explained " + explained + ", "
                + unexplained.size() + " not explained");
        assertThat(unexplained).isEmpty();
        assertThat(compared).isGreaterThan(atLeast);
        return explained;
    }

    @Test
    void thinningChangesNeitherPartsNorTunnelsNorCavities() {
        Random random = new Random(31);
        for (int i = 0; i < 1500; i++) {
            BitMask mask = RandomMasks.next(random, RandomMasks.grid(random));
            BitMask thin = Skeleton.of(mask, Skeleton.Rule.KEEPS_TOPOLOGY, CancelSignal.none());
            assertThat(thin.intersectionCount(mask)).isEqualTo(thin.count());
            assertThat(Topology.of(thin, Connectivity.CORNERS))
                    .as("round %d of seed 31", i)
                    .isEqualTo(Topology.of(mask, Connectivity.CORNERS));
        }
    }

    @Test
    void aRodThinsToALineAndARingToALoop() {
        BitMask rod = new BitMask(new Box(0, 0, 0, 40, 9, 9));
        for (int z = 2; z < 7; z++) {
            for (int y = 2; y < 7; y++) {
                rod.setRun(y, z, 3, 37);
            }
        }
        BitMask line = Skeleton.of(rod, Skeleton.Rule.KEEPS_TOPOLOGY, CancelSignal.none());
        assertThat(line.count()).isBetween(25L, 34L);
        assertThat(Topology.of(line, Connectivity.CORNERS)).isEqualTo(new Topology(1, 0, 0));
        BitMask ring = ring();
        BitMask loop = Skeleton.of(ring, Skeleton.Rule.KEEPS_TOPOLOGY, CancelSignal.none());
        assertThat(loop.count()).isLessThan(ring.count() / 5);
        assertThat(Topology.of(loop, Connectivity.CORNERS)).isEqualTo(new Topology(1, 1, 0));
    }

    private static BitMask ring() {
        BitMask ring = new BitMask(new Box(60, 0, 0, 90, 30, 7));
        for (int z = 1; z < 6; z++) {
            for (int y = 0; y < 30; y++) {
                for (int x = 60; x < 90; x++) {
                    double r = Math.hypot(x - 75, y - 15);
                    if (Math.hypot(r - 10, z - 3) <= 2.4) {
                        ring.set(x, y, z);
                    }
                }
            }
        }
        return ring;
    }

    @Test
    void partsTunnelsAndCavitiesOfKnownShapes() {
        BitMask shell = new BitMask(new Box(60, 0, 0, 70, 10, 10));
        for (int z = 1; z < 8; z++) {
            for (int y = 1; y < 8; y++) {
                for (int x = 61; x < 68; x++) {
                    boolean inside = x > 61 && x < 67 && y > 1 && y < 7 && z > 1 && z < 7;
                    if (!inside) {
                        shell.set(x, y, z);
                    }
                }
            }
        }
        for (Connectivity c : List.of(Connectivity.FACES, Connectivity.CORNERS)) {
            assertThat(Topology.of(shell, c)).isEqualTo(new Topology(1, 0, 1));
            assertThat(Topology.of(ring(), c)).isEqualTo(new Topology(1, 1, 0));
            assertThat(Topology.of(shell, c).eulerCharacteristic()).isEqualTo(2);
        }
        BitMask diagonal = new BitMask(new Box(0, 0, 0, 2, 2, 2));
        diagonal.set(0, 0, 0);
        diagonal.set(1, 1, 1);
        assertThat(Topology.of(diagonal, Connectivity.CORNERS)).isEqualTo(new Topology(1, 0, 0));
        assertThat(Topology.of(diagonal, Connectivity.FACES)).isEqualTo(new Topology(2, 0, 0));
        assertThat(Topology.of(new BitMask(new Box(0, 0, 0, 2, 2, 2)), Connectivity.FACES))
                .isEqualTo(new Topology(0, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Topology.of(diagonal, Connectivity.EDGES));
    }

    @Test
    void noNumberOfTunnelsIsBelowZero() {
        Random random = new Random(77);
        for (int i = 0; i < 2000; i++) {
            BitMask mask = RandomMasks.next(random, RandomMasks.grid(random));
            for (Connectivity c : List.of(Connectivity.FACES, Connectivity.CORNERS)) {
                Topology t = Topology.of(mask, c);
                assertThat(t.tunnels()).as("round %d of seed 77", i).isNotNegative();
                assertThat(t.cavities()).isNotNegative();
            }
        }
    }
}
