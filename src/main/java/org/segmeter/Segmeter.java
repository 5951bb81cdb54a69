package org.segmeter;

import java.io.IOException;
import java.io.ObjectInputFilter;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import org.segmeter.cli.CommandLineTool;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurationPackage;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import sun.misc.Signal;

/**
 * The entry point of the jar: with a subcommand the command line tool, without one (or with {@code serve}, or options of the service)
 * the service. The tool starts in a fraction of the service's time because no class of Spring is touched before it is known that the
 * service is wanted.
 */
@SpringBootApplication(
        exclude = UserDetailsServiceAutoConfiguration.class,
        // The packages with beans; the others, which are most classes, need not be looked through at each start.
        scanBasePackages = {
            "org.segmeter.analytics",
            "org.segmeter.batch",
            "org.segmeter.database",
            "org.segmeter.demo",
            "org.segmeter.dimse",
            "org.segmeter.evaluation",
            "org.segmeter.pacs",
            "org.segmeter.security",
            "org.segmeter.telemetry",
            "org.segmeter.web"
        })
// Where Spring Boot looks for mixins of Jackson, which there are none of: else it reads every class of the service.
@AutoConfigurationPackage(basePackages = "org.segmeter.telemetry")
public class Segmeter {

    /** Described at {@link Thread}, "Virtual threads". */
    private static final String PARALLELISM = "jdk.virtualThreadScheduler.parallelism";

    private static final int LEAST_CARRIERS = 16;

    private static final String SERIAL_FILTER = "jdk.serialFilter";

    public static void main(String[] arguments) throws IOException {
        // All that it says is English, numbers among it: programs read them, and names of files are made of some.
        Locale.setDefault(Locale.ENGLISH);
        if (Arrays.equals(arguments, new String[] {"rehearse", "--service"})) {
            ServiceRehearsal.run();
            System.exit(CommandLineTool.DONE);
        }
        if (CommandLineTool.isFor(arguments)) {
            // Standard output belongs to the result: libraries may speak on standard error only, and only when
            // something is wrong. The one library here that logs does so by commons-logging, whose own logger is
            // there at once; the way to the service's takes longer than scoring a small pair.
            System.setProperty(
                    "org.apache.commons.logging.LogFactory", "org.apache.commons.logging.impl.LogFactoryImpl");
            System.setProperty("org.apache.commons.logging.Log", "org.apache.commons.logging.impl.SimpleLog");
            System.setProperty("org.apache.commons.logging.simplelog.defaultlog", "error");
            int status = CommandLineTool.run(arguments, System.out, System.err);
            System.out.flush();
            System.exit(status);
        }
        // Asked to end (SIGTERM), the service ends in good order, which is no failure: status 0, not 143.
        Signal.handle(new Signal("TERM"), signal -> System.exit(0));
        manyCarriers();
        noSerialisedObjects();
        boolean serve = arguments.length > 0 && arguments[0].equals("serve");
        String[] options = Arrays.stream(arguments, serve ? 1 : 0, arguments.length)
                .map(argument -> argument.equals("--demo") ? "--segmeter.demo=true" : argument)
                .toArray(String[]::new);
        serve(options);
        tellOfUnusedRecording();
    }

    /**
     * Requests are answered by virtual threads, and their scheduler has as many carriers as there are processors. A request that waits once comes
     * back behind all that arrived meanwhile, and a carrier that writes to the disk carries nobody: with more of them the system's scheduler
     * sees to it that all get on ({@code docs/benchmarks.md}, "Overload"). It has to be said before the first virtual thread is made.
     */
    private static void manyCarriers() {
        if (System.getProperty(PARALLELISM) == null) {
            System.setProperty(
                    PARALLELISM,
                    String.valueOf(
                            Math.max(LEAST_CARRIERS, 2 * Runtime.getRuntime().availableProcessors())));
        }
    }

    /** Nothing here reads serialised objects (JEP 290); should a library ever do, it gets none, unless an operator says otherwise. */
    static void noSerialisedObjects() {
        if (System.getProperty(SERIAL_FILTER) == null) {
            ObjectInputFilter.Config.setSerialFilter(ObjectInputFilter.Config.createFilter("!*"));
        }
    }

    /**
     * A recording of the start (AOT cache) that was made for another Java, other files or other options is not used by the virtual machine, whose
     * own four lines about it are switched off where one is named.
     */
    private static void tellOfUnusedRecording() {
        boolean named = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .anyMatch(option -> option.startsWith("-XX:AOTCache="));
        if (named && !System.getProperty("java.vm.info", "").contains("sharing")) {
            LoggerFactory.getLogger(Segmeter.class)
                    .warn("the recording of the start (-XX:AOTCache) is missing or does not fit this Java, these"
                            + " files or these options: the service started without it, more slowly");
        }
    }

    /** @param options of Spring Boot */
    static ConfigurableApplicationContext serve(String... options) {
        return SpringApplication.run(Segmeter.class, options);
    }
}
