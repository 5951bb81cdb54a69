package org.segmeter.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.segmeter.metric.LaboratoryCatalogue;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.MetricCatalogueJson;
import org.segmeter.scoring.Protocols;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists what can be measured. */
@Command(
        name = "metrics",
        mixinStandardHelpOptions = true,
        description = "Lists the metrics, and what the command loss measures: name, unit and definition.")
final class MetricsCommand implements Callable<Integer> {

    private final PrintWriter out;

    @Option(names = "--json", description = "As JSON, with everything the catalogue knows.")
    private boolean json;

    MetricsCommand(PrintWriter out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (json) {
            out.println(MetricCatalogueJson.write(Protocols.builtIn()));
        } else {
            for (MetricDefinition d : MetricCatalogue.definitions()) {
                out.printf("%-36s %-4s %s%n", d.name(), d.unit(), d.definition());
            }
            for (LaboratoryCatalogue.Document document : LaboratoryCatalogue.Document.values()) {
                out.println();
                out.println(document.name().toLowerCase(Locale.ROOT) + " (segmeter loss):");
                for (LaboratoryCatalogue.Entry e : LaboratoryCatalogue.entries(document)) {
                    out.printf("%-36s %-4s %s%n", e.name(), e.unit(), e.definition());
                }
            }
        }
        return CommandLineTool.DONE;
    }
}
