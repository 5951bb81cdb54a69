package org.segmeter;

import java.util.Arrays;
import org.segmeter.cli.CommandLineTool;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;
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
public class Segmeter {

    public static void main(String[] arguments) {
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
        boolean serve = arguments.length > 0 && arguments[0].equals("serve");
        String[] options = Arrays.stream(arguments, serve ? 1 : 0, arguments.length)
                .map(argument -> argument.equals("--demo") ? "--segmeter.demo=true" : argument)
                .toArray(String[]::new);
        SpringApplication.run(Segmeter.class, options);
    }
}
