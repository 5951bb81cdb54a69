package org.segmeter.scoring;

import java.util.Locale;
import org.segmeter.metric.LaboratoryCatalogue;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The catalogue as JSON: {@code {"metrics": [{"name", "aliases", "title", "definition", "unit", ...}], "loss": [...],
 * "calibration": [...], "fragility": [...]}}, the last three of what the documents of these names say.
 */
public final class MetricCatalogueJson {

    private MetricCatalogueJson() {}

    public static String write(Protocols protocols) {
        return JsonDocument.write(tree(protocols));
    }

    /** @param protocols that each metric lists, with the parameters by which they compute it */
    public static ObjectNode tree(Protocols protocols) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode list = root.putArray("metrics");
        for (MetricDefinition d : MetricCatalogue.definitions()) {
            ObjectNode entry = list.addObject();
            entry.put("name", d.name());
            ArrayNode aliases = entry.putArray("aliases");
            d.aliases().forEach(aliases::add);
            entry.put("title", d.title());
            entry.put("group", d.group().name().toLowerCase(Locale.ROOT));
            entry.put("definition", d.definition());
            entry.put("unit", d.unit());
            entry.put("direction", d.direction().name().toLowerCase(Locale.ROOT));
            ObjectNode range = entry.putObject("range");
            range.set("least", ScorecardJson.plain(d.least()));
            range.set("most", ScorecardJson.plain(d.most()));
            ArrayNode parameters = entry.putArray("parameters");
            d.numbers().forEach((name, p) -> {
                ObjectNode one = parameters.addObject();
                one.put("name", name);
                one.put("meaning", p.meaning());
                one.set("least", ScorecardJson.plain(p.least()));
                one.set("most", ScorecardJson.plain(p.most()));
                one.set(
                        "default",
                        ScorecardJson.plain(
                                p.list() ? p.defaults() : p.defaults().getFirst()));
            });
            d.choices().forEach((name, choices) -> {
                ObjectNode one = parameters.addObject();
                one.put("name", name);
                one.set("choices", ScorecardJson.plain(choices));
                one.put("default", choices.getFirst());
            });
            entry.put("source", d.source());
            ArrayNode used = entry.putArray("protocols");
            for (Protocol protocol : protocols.all()) {
                for (Protocol.Metric metric : protocol.metrics()) {
                    if (metric.name().equals(d.name())) {
                        ObjectNode one = used.addObject();
                        one.put("id", protocol.id());
                        ObjectNode how = one.putObject("parameters");
                        metric.choices().forEach(how::put);
                        metric.numbers()
                                .forEach((name, numbers) -> how.set(
                                        name, ScorecardJson.plain(numbers.size() == 1 ? numbers.getFirst() : numbers)));
                    }
                }
            }
        }
        for (LaboratoryCatalogue.Document document : LaboratoryCatalogue.Document.values()) {
            ArrayNode entries = root.putArray(document.name().toLowerCase(Locale.ROOT));
            for (LaboratoryCatalogue.Entry e : LaboratoryCatalogue.entries(document)) {
                ObjectNode entry = entries.addObject();
                entry.put("name", e.name());
                entry.put("title", e.title());
                entry.put("definition", e.definition());
                entry.put("unit", e.unit());
                entry.put("direction", e.direction().name().toLowerCase(Locale.ROOT));
                ObjectNode range = entry.putObject("range");
                range.set("least", ScorecardJson.plain(e.least()));
                range.set("most", ScorecardJson.plain(e.most()));
                ArrayNode parameters = entry.putArray("parameters");
                for (LaboratoryCatalogue.Parameter p : e.parameters()) {
                    ObjectNode one = parameters.addObject();
                    one.put("name", p.name());
                    one.put("meaning", p.meaning());
                    one.put("default", p.standard());
                }
                entry.put("source", e.source());
                if (document == LaboratoryCatalogue.Document.LOSS) {
                    entry.set("gradients", ScorecardJson.plain(e.gradients()));
                }
            }
        }
        return root;
    }
}
