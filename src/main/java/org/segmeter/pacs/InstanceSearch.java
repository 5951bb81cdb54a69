package org.segmeter.pacs;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.segmeter.format.dicom.DataElements;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** QIDO-RS: finds stored instances and the series and studies they belong to (PS3.18 section 10.6). */
@Component
public final class InstanceSearch {

    private static final int MODALITY = 0x0008_0060;
    private static final int MODALITIES_IN_STUDY = 0x0008_0061;
    private static final int RETRIEVE_URL = 0x0008_1190;
    private static final int NUMBER_OF_STUDY_RELATED_SERIES = 0x0020_1206;
    private static final int NUMBER_OF_STUDY_RELATED_INSTANCES = 0x0020_1208;
    private static final int NUMBER_OF_SERIES_RELATED_INSTANCES = 0x0020_1209;
    private static final int INSTANCE_AVAILABILITY = 0x0008_0056;

    private static final int[] OF_STUDY = {
        0x0008_0005,
        0x0008_0020,
        0x0008_0030,
        0x0008_0050,
        0x0008_0090,
        0x0008_1030,
        0x0010_0010,
        0x0010_0020,
        0x0010_0030,
        0x0010_0040,
        0x0020_000D,
        0x0020_0010
    };
    private static final int[] OF_SERIES = {
        0x0008_0005, 0x0008_0021, 0x0008_0031, MODALITY, 0x0008_0070, 0x0008_103E, 0x0008_1090, 0x0020_000E, 0x0020_0011
    };
    private static final int[] OF_INSTANCE = {
        0x0008_0005,
        0x0008_0008,
        0x0008_0016,
        0x0008_0018,
        0x0008_0023,
        0x0008_0033,
        0x0020_0013,
        0x0028_0008,
        0x0028_0010,
        0x0028_0011,
        0x0028_0100,
        0x0062_0001,
        0x0070_0080
    };

    private final JdbcClient sql;
    private final JsonMapper json;

    InstanceSearch(JdbcClient sql, JsonMapper json) {
        this.sql = sql;
        this.json = json;
    }

    /** What is looked for. */
    public enum Level {
        STUDY,
        SERIES,
        INSTANCE
    }

    /**
     * A search.
     *
     * @param matches values to match by tag, in the syntax of PS3.4 C.2.2.2
     * @param include further elements to return
     * @param all true to return all elements that are known
     * @param limit at most so many, at least 1
     */
    public record Query(
            Level level, Map<Integer, String> matches, Set<Integer> include, boolean all, int limit, long offset) {}

    /**
     * What was found.
     *
     * @param results data sets in the DICOM JSON Model
     * @param more true if there are more than the limit
     */
    public record Found(List<ObjectNode> results, boolean more) {}

    /** @param url makes an absolute URL of a path below the DICOMweb root */
    public Found search(Query query, java.util.function.UnaryOperator<String> url) {
        StringBuilder where = new StringBuilder("true");
        Map<String, Object> parameters = new LinkedHashMap<>();
        int number = 0;
        for (Map.Entry<Integer, String> match : query.matches().entrySet()) {
            condition(where, parameters, "m" + number++, match.getKey(), match.getValue());
        }
        String key = switch (query.level()) {
            case STUDY -> "study_uid";
            case SERIES -> "study_uid, series_uid";
            case INSTANCE -> "study_uid, series_uid, sop_instance_uid";
        };
        parameters.put("limit", query.limit() + 1);
        parameters.put("offset", query.offset());
        List<ObjectNode> results = sql.sql("""
            with hit as (select %1$s, max(received_at) as latest from dicom_instance i where %2$s
                group by %1$s order by max(received_at) desc, %1$s limit :limit offset :offset)
            select %1$s, latest,
                (select i.attributes from dicom_instance i where (%3$s) order by i.received_at desc limit 1) as attributes,
                (select count(distinct i.series_uid) from dicom_instance i where i.study_uid = hit.study_uid) as series,
                (select count(*) from dicom_instance i where i.study_uid = hit.study_uid) as study_instances,
                (select count(*) from dicom_instance i where (%3$s)) as instances,
                (select string_agg(distinct i.attributes -> '00080060' -> 'Value' ->> 0, ',')
                    from dicom_instance i where i.study_uid = hit.study_uid) as modalities
            from hit order by latest desc, %1$s\
            """.formatted(key, where, same(key)))
                .params(parameters)
                .query((row, index) -> {
                    String path = "/studies/" + row.getString("study_uid");
                    if (query.level() != Level.STUDY) {
                        path += "/series/" + row.getString("series_uid");
                    }
                    if (query.level() == Level.INSTANCE) {
                        path += "/instances/" + row.getString("sop_instance_uid");
                    }
                    String modalities = row.getString("modalities");
                    return result(
                            query,
                            (ObjectNode) json.readTree(row.getString("attributes")),
                            url.apply(path),
                            row.getLong("series"),
                            row.getLong("study_instances"),
                            row.getLong("instances"),
                            modalities == null ? List.of() : List.of(modalities.split(",")));
                })
                .list();
        boolean more = results.size() > query.limit();
        return new Found(more ? results.subList(0, query.limit()) : results, more);
    }

    private static String same(String key) {
        StringBuilder text = new StringBuilder();
        for (String column : key.split(", ")) {
            text.append(text.isEmpty() ? "" : " and ")
                    .append("i.")
                    .append(column)
                    .append(" = hit.")
                    .append(column);
        }
        return text.toString();
    }

    /** Names and values go in as parameters; the tag is eight hexadecimal digits. */
    private static void condition(
            StringBuilder where, Map<String, Object> parameters, String name, int tag, String value) {
        if (value.isEmpty() || value.equals("*")) {
            return; // universal matching
        }
        String column = switch (tag) {
            case 0x0020_000D -> "i.study_uid";
            case 0x0020_000E -> "i.series_uid";
            case 0x0008_0018 -> "i.sop_instance_uid";
            case 0x0008_0016 -> "i.sop_class_uid";
            default -> null;
        };
        String vr = DataElements.vr(tag);
        if (column != null || vr.equals("UI")) {
            String left = column != null ? column : value(tag);
            where.append(" and ").append(left).append(" = any(:").append(name).append(')');
            parameters.put(name, value.split("[,\\\\]"));
        } else if (tag == MODALITIES_IN_STUDY) {
            where.append(" and exists (select 1 from dicom_instance o where o.study_uid = i.study_uid and"
                            + " o.attributes -> '00080060' -> 'Value' ->> 0 = any(:")
                    .append(name)
                    .append("))");
            parameters.put(name, value.split("[,\\\\]"));
        } else if ((vr.equals("DA") || vr.equals("TM")) && value.indexOf('-') >= 0) {
            int dash = value.indexOf('-');
            if (dash > 0) {
                where.append(" and ")
                        .append(value(tag))
                        .append(" >= :")
                        .append(name)
                        .append("from");
                parameters.put(name + "from", value.substring(0, dash));
            }
            if (dash < value.length() - 1) {
                // A time of fewer digits means all that begin with it.
                where.append(" and ")
                        .append(value(tag))
                        .append(" <= :")
                        .append(name)
                        .append("to");
                parameters.put(name + "to", value.substring(dash + 1) + (vr.equals("TM") ? "~" : ""));
            }
        } else {
            String left = vr.equals("PN")
                    ? "i.attributes -> '%08X' -> 'Value' -> 0 ->> 'Alphabetic'".formatted(tag)
                    : value(tag);
            boolean name0 = vr.equals("PN");
            where.append(" and ")
                    .append(left)
                    .append(name0 ? " ilike :" : " like :")
                    .append(name)
                    .append(" escape '!'");
            parameters.put(name, pattern(value));
        }
    }

    private static String value(int tag) {
        return "i.attributes -> '%08X' -> 'Value' ->> 0".formatted(tag);
    }

    /** PS3.4 C.2.2.2.4: an asterisk stands for any characters, a question mark for one. */
    private static String pattern(String value) {
        return value.replace("!", "!!")
                .replace("%", "!%")
                .replace("_", "!_")
                .replace('*', '%')
                .replace('?', '_');
    }

    private ObjectNode result(
            Query query,
            ObjectNode attributes,
            String url,
            long series,
            long studyInstances,
            long instances,
            List<String> modalities) {
        Set<Integer> wanted = new LinkedHashSet<>(query.include());
        add(wanted, OF_STUDY);
        if (query.level() != Level.STUDY) {
            add(wanted, OF_SERIES);
        }
        if (query.level() == Level.INSTANCE) {
            add(wanted, OF_INSTANCE);
        }
        wanted.addAll(query.matches().keySet());
        Map<String, JsonNode> found = new TreeMap<>();
        for (Map.Entry<String, JsonNode> one : attributes.properties()) {
            int tag = Integer.parseUnsignedInt(one.getKey(), 16);
            if (wanted.contains(tag) || query.all() && belongs(tag, query.level())) {
                found.put(one.getKey(), one.getValue());
            }
        }
        put(found, RETRIEVE_URL, "UR", array(List.of(url)));
        put(found, INSTANCE_AVAILABILITY, "CS", array(List.of("ONLINE")));
        if (query.level() == Level.STUDY) {
            put(found, MODALITIES_IN_STUDY, "CS", array(modalities));
            put(
                    found,
                    NUMBER_OF_STUDY_RELATED_SERIES,
                    "IS",
                    json.createArrayNode().add(series));
            put(
                    found,
                    NUMBER_OF_STUDY_RELATED_INSTANCES,
                    "IS",
                    json.createArrayNode().add(studyInstances));
        }
        if (query.level() == Level.SERIES) {
            put(
                    found,
                    NUMBER_OF_SERIES_RELATED_INSTANCES,
                    "IS",
                    json.createArrayNode().add(instances));
        }
        ObjectNode result = json.createObjectNode();
        found.forEach(result::set);
        return result;
    }

    /** Elements of a series say nothing of its study, and those of an instance nothing of its series. */
    private static boolean belongs(int tag, Level level) {
        return level == Level.INSTANCE || contains(OF_STUDY, tag) || level == Level.SERIES && contains(OF_SERIES, tag);
    }

    private static boolean contains(int[] tags, int tag) {
        for (int one : tags) {
            if (one == tag) {
                return true;
            }
        }
        return false;
    }

    private static void add(Set<Integer> wanted, int[] tags) {
        for (int tag : tags) {
            wanted.add(tag);
        }
    }

    private void put(Map<String, JsonNode> found, int tag, String vr, ArrayNode value) {
        ObjectNode element = json.createObjectNode().put("vr", vr);
        if (!value.isEmpty()) {
            element.set("Value", value);
        }
        found.put("%08X".formatted(tag), element);
    }

    private ArrayNode array(List<String> values) {
        ArrayNode array = json.createArrayNode();
        values.forEach(array::add);
        return array;
    }
}
