package org.segmeter.metric.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.Rounds;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Parts, tunnels and cavities against homology itself: the ranks of the boundary matrices of the cells over the field of two elements.
 * Nothing of it counts components or an Euler characteristic.
 */
class TopologyTwinTest {

    @ParameterizedTest
    @EnumSource(names = "EDGES", mode = EnumSource.Mode.EXCLUDE)
    void partsTunnelsAndCavitiesAreTheBettiNumbersOfTheCells(Connectivity connectivity) {
        long seed = 20261126L + connectivity.ordinal();
        AtomicInteger tunnels = new AtomicInteger();
        AtomicInteger cavities = new AtomicInteger();
        Rounds.each(seed, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random, 5);
            BitMask mask = noise(random, grid);
            Topology found = Topology.of(mask, connectivity);
            assertThat(found).as(which).isEqualTo(betti(cells(mask, grid, connectivity == Connectivity.CORNERS)));
            assertThat(Topology.eulerCharacteristic(mask, connectivity)).isEqualTo(found.eulerCharacteristic());
            tunnels.addAndGet(found.tunnels() > 0 ? 1 : 0);
            cavities.addAndGet(found.cavities() > 0 ? 1 : 0);
        });
        System.out.println("topology of " + connectivity + ": " + Rounds.COUNT + " masks agree, " + tunnels
                + " with tunnels, " + cavities + " with cavities, seed " + seed);
        assertThat(tunnels.get()).isGreaterThan(Rounds.COUNT / 20);
        assertThat(cavities.get()).isGreaterThan(Rounds.COUNT / 1000);
    }

    /** Dense masks have the tunnels and cavities that balls lack. */
    private static BitMask noise(Random random, Box grid) {
        if (random.nextInt(4) == 0) {
            return RandomMasks.next(random, grid);
        }
        double density = 0.2 + 0.75 * random.nextDouble();
        BitMask mask = new BitMask(grid);
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    if (random.nextDouble() < density) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    /** Skeletons keep the topology, lie in the mask, and are as thin as thinning makes them. */
    @ParameterizedTest
    @EnumSource
    void skeletonsLieInTheMaskAndAreThinnedToTheEnd(Skeleton.Rule rule) {
        Rounds.each(20261129L, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random);
            BitMask mask = RandomMasks.next(random, grid);
            BitMask thin = Skeleton.of(mask, rule, CancelSignal.none());
            assertThat(thin.intersectionCount(mask)).as(which).isEqualTo(thin.count());
            if (rule == Skeleton.Rule.KEEPS_TOPOLOGY) {
                assertThat(Skeleton.of(thin, rule, CancelSignal.none()))
                        .as(which)
                        .isEqualTo(thin);
                assertThat(Topology.of(thin, Connectivity.CORNERS))
                        .as(which)
                        .isEqualTo(Topology.of(mask, Connectivity.CORNERS));
            }
            CentrelineDice self = CentrelineDice.of(mask, mask, rule, CancelSignal.none());
            if (self.value().isPresent()) {
                assertThat(self.value()).as(which).hasValue(1);
            }
            BitMask other = RandomMasks.next(random, grid);
            CentrelineDice d = CentrelineDice.of(mask, other, rule, CancelSignal.none());
            BitMask line = Skeleton.of(other, rule, CancelSignal.none());
            assertThat(d)
                    .as(which)
                    .isEqualTo(new CentrelineDice(
                            thin.count(), shared(thin, other, grid), line.count(), shared(line, mask, grid)));
            if (d.value().isPresent()) {
                double p = shared(thin, other, grid) / (double) thin.count();
                double s = shared(line, mask, grid) / (double) line.count();
                double harmonic = p == 0 || s == 0 ? 0 : 2 / (1 / p + 1 / s);
                assertThat(Math.abs(d.value().getAsDouble() - harmonic))
                        .as(which)
                        .isLessThan(1e-12);
            }
        });
    }

    private static long shared(BitMask a, BitMask b, Box grid) {
        long n = 0;
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    n += a.contains(x, y, z) && b.contains(x, y, z) ? 1 : 0;
                }
            }
        }
        return n;
    }

    /**
     * For each dimension 0 to 3 the cells, each as the list of its faces among those of one dimension less. Closed voxels: cubes with their
     * faces, edges and corners. Otherwise the dual: a corner for each voxel, an edge for each two neighbours, a square for each four, a
     * cube for each eight that all belong.
     */
    private static List<List<int[]>> cells(BitMask mask, Box grid, boolean closed) {
        List<Map<Integer, Integer>> index = new ArrayList<>();
        List<List<int[]>> cells = new ArrayList<>();
        for (int dimension = 0; dimension < 4; dimension++) {
            index.add(new HashMap<>());
            cells.add(new ArrayList<>());
        }
        // A cell is named by doubled coordinates of its middle, odd along the axes on which it extends.
        for (int dimension = 0; dimension < 4; dimension++) {
            for (int z = 2 * grid.z0() - 2; z <= 2 * grid.z1() + 2; z++) {
                for (int y = 2 * grid.y0() - 2; y <= 2 * grid.y1() + 2; y++) {
                    for (int x = 2 * grid.x0() - 2; x <= 2 * grid.x1() + 2; x++) {
                        int[] at = {x, y, z};
                        if ((x & 1) + (y & 1) + (z & 1) != dimension || !belongs(mask, at, closed)) {
                            continue;
                        }
                        List<Integer> faces = new ArrayList<>();
                        for (int axis = 0; axis < 3; axis++) {
                            for (int side = -1; side <= 1 && (at[axis] & 1) != 0; side += 2) {
                                int[] face = at.clone();
                                face[axis] += side;
                                faces.add(index.get(dimension - 1).get(name(face)));
                            }
                        }
                        index.get(dimension).put(name(at), index.get(dimension).size());
                        cells.get(dimension).add(faces.stream().mapToInt(i -> i).toArray());
                    }
                }
            }
        }
        return cells;
    }

    private static int name(int[] at) {
        return (at[2] + 2 << 8 | at[1] + 2) << 12 | at[0] + 2;
    }

    private static boolean belongs(BitMask mask, int[] at, boolean closed) {
        int any = 0;
        int all = 1;
        // Closed: voxel v is the cube with middle 2 v + 1. Dual: voxel v is the corner 2 v.
        int odd = closed ? 1 : 0;
        for (int z = -1; z <= 1; z++) {
            for (int y = -1; y <= 1; y++) {
                for (int x = -1; x <= 1; x++) {
                    int[] voxel = {at[0] + x, at[1] + y, at[2] + z};
                    if ((voxel[0] & 1) != odd || (voxel[1] & 1) != odd || (voxel[2] & 1) != odd) {
                        continue;
                    }
                    boolean in = voxel[0] >= 0
                            && voxel[1] >= 0
                            && voxel[2] >= 0
                            && mask.contains(voxel[0] >> 1, voxel[1] >> 1, voxel[2] >> 1);
                    // A cell touches a voxel along an axis only by half a step.
                    any |= in ? 1 : 0;
                    all &= in ? 1 : 0;
                }
            }
        }
        return (closed ? any : all) != 0;
    }

    private static Topology betti(List<List<int[]>> cells) {
        int[] rank = new int[5];
        for (int dimension = 1; dimension < 4; dimension++) {
            rank[dimension] = rank(cells.get(dimension));
        }
        long[] betti = new long[4];
        for (int dimension = 0; dimension < 4; dimension++) {
            betti[dimension] = cells.get(dimension).size() - rank[dimension] - rank[dimension + 1];
        }
        assertThat(betti[3]).as("nothing in space has a third Betti number").isZero();
        return new Topology(betti[0], betti[1], betti[2]);
    }

    /** Gaussian elimination modulo 2. */
    private static int rank(List<int[]> rows) {
        Map<Integer, BitSet> pivots = new HashMap<>();
        for (int[] faces : rows) {
            BitSet row = new BitSet();
            for (int f : faces) {
                row.flip(f);
            }
            while (!row.isEmpty()) {
                BitSet pivot = pivots.putIfAbsent(row.length(), row);
                if (pivot == null) {
                    break;
                }
                row.xor(pivot);
            }
        }
        return pivots.size();
    }
}
