package org.segmeter.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.Protocol;
import org.segmeter.scoring.Protocols;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists protocols, or shows one. */
@Command(
        name = "protocols",
        mixinStandardHelpOptions = true,
        description = "Lists the built-in protocols with their digests, or shows the canonical document of one.")
final class ProtocolsCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Parameters(arity = "0..1", paramLabel = "ID", description = "for example segmeter@1")
    private @Nullable String id;

    ProtocolsCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (id == null) {
            for (Protocol p : Protocols.builtIn().all()) {
                out.printf("%-28s %s  %s%n", p.id(), p.sha256().substring(0, 12), p.title());
            }
            return CommandLineTool.DONE;
        }
        Protocol protocol = Protocols.builtIn().find(id);
        if (protocol == null) {
            err.println("segmeter: there is no such protocol; segmeter protocols lists them.");
            return CommandLineTool.USAGE;
        }
        out.println(protocol.document());
        return CommandLineTool.DONE;
    }
}
