package org.segmeter.benchmark;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;

/** Scores one pair of files and ends: {@code main prediction reference protocol}. */
final class ScoreOnce {

    private ScoreOnce() {}

    public static void main(String[] args) throws Exception {
        Scorecard card = Scorer.standard()
                .withPool(ForkJoinPool.commonPool())
                .score(
                        new ScoringInput(List.of(Path.of(args[0])), List.of("0")),
                        new ScoringInput(List.of(Path.of(args[1])), List.of("0")),
                        ScoringOptions.defaults().withProtocols(List.of(args[2])),
                        ScoringProgress.NONE,
                        CancelSignal.none());
        System.out.println(card.segments().size());
    }
}
