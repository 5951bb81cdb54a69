package org.segmeter.scoring;

import java.io.StringWriter;
import java.math.BigInteger;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Trees of JSON from text and back. Jackson's mapper does the same, but setting one up takes longer than scoring a small pair, and
 * the command line sets up everything anew for each.
 */
public final class JsonDocument {

    /** Nothing that is read or written here is nested a fifth as deep. */
    private static final int DEEPEST = 64;

    /** A member twice is an error. */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final ObjectWriteContext INDENTED = new ObjectWriteContext.Base() {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
        }
    };

    private JsonDocument() {}

    /**
     * Reads strictly: a member twice or text after the end is an error.
     *
     * @return a missing node if the text is blank
     * @throws JacksonException if it is no JSON, or nested more than 64 deep
     */
    public static JsonNode read(String text) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonNode node = value(parser, parser.nextToken());
            if (parser.nextToken() != null) {
                throw new StreamReadException(parser, "text after the end of the document");
            }
            return node;
        }
    }

    /** Without white space between tokens. */
    public static String write(JsonNode node) {
        return write(node, ObjectWriteContext.empty());
    }

    /** For people. */
    public static String writeIndented(JsonNode node) {
        return write(node, INDENTED);
    }

    private static JsonNode value(JsonParser parser, @Nullable JsonToken token) {
        if (token == null) {
            return MissingNode.getInstance();
        }
        return switch (token) {
            case START_OBJECT -> {
                ObjectNode object = NODES.objectNode();
                for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                    object.set(name, value(parser, parser.nextToken()));
                }
                yield object;
            }
            case START_ARRAY -> {
                ArrayNode array = NODES.arrayNode();
                for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                    array.add(value(parser, next));
                }
                yield array;
            }
            case VALUE_STRING -> NODES.stringNode(parser.getString());
            case VALUE_NUMBER_INT ->
                switch (parser.getNumberType()) {
                    case INT -> NODES.numberNode(parser.getIntValue());
                    case LONG -> NODES.numberNode(parser.getLongValue());
                    default -> integer(parser.getBigIntegerValue());
                };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE, VALUE_FALSE -> NODES.booleanNode(token == JsonToken.VALUE_TRUE);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new StreamReadException(parser, "no value");
        };
    }

    /** Beyond the range of a double it is infinite, as a number with an exponent is: whoever reads it must look in any case. */
    private static JsonNode integer(BigInteger value) {
        double nearest = value.doubleValue();
        return Double.isInfinite(nearest) ? NODES.numberNode(nearest) : NODES.numberNode(value);
    }

    private static String write(JsonNode node, ObjectWriteContext context) {
        StringWriter out = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(context, out)) {
            write(node, generator);
        }
        return out.toString();
    }

    private static void write(JsonNode node, JsonGenerator out) {
        if (node.isObject()) {
            out.writeStartObject();
            for (Map.Entry<String, JsonNode> member : node.properties()) {
                out.writeName(member.getKey());
                write(member.getValue(), out);
            }
            out.writeEndObject();
        } else if (node.isArray()) {
            out.writeStartArray();
            for (JsonNode element : node) {
                write(element, out);
            }
            out.writeEndArray();
        } else if (node.isString()) {
            out.writeString(node.stringValue());
        } else if (node.isNumber()) {
            switch (node.numberType()) {
                case INT -> out.writeNumber(node.intValue());
                case LONG -> out.writeNumber(node.longValue());
                case BIG_INTEGER -> out.writeNumber(node.bigIntegerValue());
                case FLOAT -> out.writeNumber(node.floatValue());
                case DOUBLE -> out.writeNumber(node.doubleValue());
                case BIG_DECIMAL -> out.writeNumber(node.decimalValue());
            }
        } else if (node.isBoolean()) {
            out.writeBoolean(node.booleanValue());
        } else {
            out.writeNull();
        }
    }
}
