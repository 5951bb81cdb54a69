package org.segmeter.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.segmeter.scoring.Protocol;
import org.segmeter.scoring.Protocols;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The conventions that a command line names: by the id of a built-in one, or by a file with a protocol document, as
 * {@code POST /api/v1/protocols} takes it.
 *
 * @param ids in the order given; empty if none was named
 * @param known the built-in ones and those of the files
 */
record ChosenProtocols(List<String> ids, Protocols known) {

    private static final long LARGEST_FILE = 4L << 20;

    /**
     * @param named ids, or names of files that end with {@code .json}
     * @throws InputException INVALID_REQUEST if a file is no protocol, or one that exists with another content
     */
    static ChosenProtocols of(List<String> named) throws InputException, IOException {
        List<String> ids = new ArrayList<>();
        List<Protocol> read = new ArrayList<>();
        for (String name : named) {
            if (name.toLowerCase(Locale.ROOT).endsWith(".json")) {
                Protocol protocol = read(Path.of(name));
                read.add(protocol);
                ids.add(protocol.id());
            } else {
                ids.add(name);
            }
        }
        try {
            return new ChosenProtocols(ids, Protocols.builtIn().with(read));
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "A protocol never changes; give yours another id or version.",
                    e.getMessage(),
                    "an id and version that are not taken");
        }
    }

    private static Protocol read(Path file) throws InputException, IOException {
        if (!Files.isReadable(file)) {
            throw new InputException(
                    InputProblem.MISSING_PART,
                    "There is no such protocol file.",
                    "no readable file",
                    "a protocol document");
        }
        if (Files.size(file) > LARGEST_FILE) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The protocol file is too large.",
                    Files.size(file) + " bytes",
                    "at most " + LARGEST_FILE);
        }
        return Protocol.parse(Files.readString(file));
    }
}
