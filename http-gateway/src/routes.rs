//! Which path leads where, and who may go there.

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, ResponseError as _, guard, web};

use crate::errors::ErrorReply;
use crate::{
    admin, agents, auth, callbacks, devices, documents, operations, orchestration, router, services,
    simulator,
};

/// Adds every route; `prefix` is the base path, `/genesys`.
pub(crate) fn configure(app: &mut web::ServiceConfig, prefix: &str) {
    orchestration_paths(app, "/scxml");
    // The guide prints one URL with a double slash; both forms are taken (decision D-051).
    for slashes in ["/", "//"] {
        orchestration_paths(app, &format!("{prefix}/1/ors{slashes}scxml"));
    }
    for version in ["1", "2"] {
        app.service(callback_paths(&format!("{prefix}/{version}/service/callback"), version));
    }
    app.service(
        web::scope("/urs")
            .wrap(from_fn(auth::clients))
            .service(resource("/call/{call}/lvq").route(web::get().to(router::waiting_time)))
            .service(resource("/call/{call}/lvq/{name}").route(web::get().to(router::waiting_time)))
            .service(resource("/help/call/lvq").route(web::get().to(router::help))),
    );
    app.service(
        web::scope(&format!("{prefix}/2/ewt"))
            .wrap(from_fn(auth::clients))
            .service(resource("/{method}").route(web::get().to(router::waiting_times))),
    );
    app.service(service_paths(&format!("{prefix}/1/service")))
        .service(
            web::scope(&format!("{prefix}/1/notification"))
                .wrap(from_fn(auth::clients))
                .service(resource("/stream/{device}").route(web::get().to(devices::stream))),
        )
        .service(
            resource(&format!("{prefix}/1/document/service_template/{{template}}/{{path:.*}}"))
                .route(web::get().to(documents::read)),
        )
        .service(
            web::scope(&format!("{prefix}/1/admin"))
                .wrap(from_fn(auth::admins))
                .service(resource("/callback/queues").route(web::get().to(admin::queues)))
                .service(resource("/callback/abandonment").route(web::get().to(admin::abandonment)))
                .service(resource("/lists/{list}/{section}").route(web::post().to(admin::set_list_values))),
        )
        .service(
            web::scope(&format!("{prefix}/1/agents"))
                .wrap(from_fn(auth::admins))
                .service(resource("").route(web::get().to(agents::list)))
                .service(
                    resource("/{agent}")
                        .route(web::get().to(agents::one))
                        .route(web::put().to(agents::put))
                        .route(web::delete().to(agents::remove)),
                )
                .service(resource("/{agent}/events").route(web::get().to(agents::events)))
                .service(resource("/{agent}/{command}").route(web::post().to(agents::command))),
        );
    simulator_paths(app);
    app.service(resource("/healthz").route(web::get().to(operations::alive)))
        .service(resource("/readyz").route(web::get().to(operations::ready)))
        .service(resource("/metrics").route(web::get().to(operations::metrics)))
        .default_service(web::to(nothing_here));
}

fn callback_paths(path: &str, version: &str) -> impl actix_web::dev::HttpServiceFactory + 'static + use<> {
    let by_id = resource("/{service}/{id}").route(web::get().to(callbacks::read));
    let scope = web::scope(path).wrap(from_fn(auth::clients));
    if version == "2" {
        return scope.service(by_id);
    }
    scope
        .service(resource("").route(web::get().to(callbacks::find)))
        .service(
            resource("/{service}")
                .route(web::post().to(callbacks::start))
                .route(web::get().to(callbacks::find_in_service)),
        )
        .service(by_id.route(web::delete().to(callbacks::cancel)))
        .service(resource("/{service}/{id}/timeline").route(web::get().to(callbacks::timeline)))
        .service(resource("/{service}/{id}/why").route(web::get().to(callbacks::why)))
}

fn service_paths(path: &str) -> impl actix_web::dev::HttpServiceFactory + 'static + use<> {
    web::scope(path)
        .wrap(from_fn(auth::clients))
        .service(
            resource("/{service}")
                .route(web::get().to(services::read))
                .route(web::post().to(services::call))
                .route(web::delete().to(services::end)),
        )
        .service(resource("/{id}/{request}").route(get_or_post().to(services::message)))
}

fn orchestration_paths(app: &mut web::ServiceConfig, path: &str) {
    let closed = || from_fn(auth::admins);
    let at = |rest: &str| resource(&format!("{path}/session/{rest}"));
    app.service(at("start").wrap(closed()).route(web::post().to(orchestration::start)))
        .service(at("{session}/event/{name}").wrap(closed()).route(get_or_post().to(orchestration::event)))
        .service(
            at("{session}/request/{name}")
                .wrap(from_fn(auth::admins_or_reply_key))
                .route(get_or_post().to(orchestration::request)),
        )
        .service(at("{session}/basichttp").wrap(closed()).route(web::route().to(orchestration::basic_http)))
        .service(at("{session}/terminate").wrap(closed()).route(web::post().to(orchestration::terminate)))
        .service(at("{session}/query").wrap(closed()).route(web::get().to(orchestration::query)));
}

fn simulator_paths(app: &mut web::ServiceConfig) {
    app.service(
        resource("/simulator/clock")
            .route(web::get().to(simulator::clock))
            .route(web::post().to(simulator::advance)),
    )
    .service(resource("/simulator/customers/{number}").route(web::post().to(simulator::set_customer)))
    .service(
        resource("/simulator/customers/{number}/hang-up").route(web::post().to(simulator::customer_hangs_up)),
    )
    .service(resource("/simulator/agents/{agent}").route(web::post().to(simulator::set_agent)))
    .service(
        resource("/simulator/calls")
            .route(web::get().to(simulator::calls))
            .route(web::post().to(simulator::call)),
    )
    .service(resource("/simulator/dials").route(web::get().to(simulator::dials)));
}

fn get_or_post() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Post()))
}

/// A resource that answers other methods with 405 in our envelope.
fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(other_method))
}

async fn other_method(request: HttpRequest) -> actix_web::HttpResponse {
    ErrorReply::method_not_allowed(request.method().as_str(), request.path()).error_response()
}

async fn nothing_here(request: HttpRequest) -> actix_web::HttpResponse {
    ErrorReply::no_such_path(request.path()).error_response()
}

#[cfg(test)]
mod tests;
