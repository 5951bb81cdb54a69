package org.segmeter.evaluation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.ScoringInput;

/** The inputs of an evaluation as files of this machine, for as long as it is scored. */
final class OpenInputs implements AutoCloseable {

    private final List<Evaluation.Input> inputs;
    private final List<BlobStore.Content> contents = new ArrayList<>();

    private OpenInputs(List<Evaluation.Input> inputs) {
        this.inputs = inputs;
    }

    /**
     * Opens the inputs that are scored: not the image, which nobody waits for.
     *
     * @throws BlobStore.Lost if one is not there
     * @throws BlobStore.Unavailable if the store does not answer
     */
    static OpenInputs of(List<Evaluation.Input> inputs, BlobStore store) throws IOException {
        return open(inputs.stream().filter(input -> input.side() != Side.IMAGE).toList(), store);
    }

    /** Opens the files of the image alone; as {@link #of}. */
    static OpenInputs ofImage(List<Evaluation.Input> inputs, BlobStore store) throws IOException {
        return open(inputs.stream().filter(input -> input.side() == Side.IMAGE).toList(), store);
    }

    private static OpenInputs open(List<Evaluation.Input> inputs, BlobStore store) throws IOException {
        OpenInputs open = new OpenInputs(inputs);
        boolean complete = false;
        try {
            for (Evaluation.Input input : inputs) {
                open.contents.add(store.open(input.blob()));
            }
            complete = true;
            return open;
        } finally {
            if (!complete) {
                open.close();
            }
        }
    }

    /** The mask; null if there is none. */
    @Nullable
    ScoringInput mask() {
        return inputs.stream().anyMatch(input -> input.side() == Side.MASK) ? side(Side.MASK) : null;
    }

    ScoringInput side(Side side) {
        List<java.nio.file.Path> files = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i).side() == side) {
                files.add(contents.get(i).file());
                digests.add(inputs.get(i).blob().sha256());
            }
        }
        return new ScoringInput(files, digests);
    }

    @Override
    public void close() {
        contents.forEach(BlobStore.Content::close);
    }
}
