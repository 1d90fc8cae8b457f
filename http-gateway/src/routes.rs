//! Which path leads where, and who may go there.

use std::rc::Rc;

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, ResponseError as _, guard, web};

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
            .service(resource("/call/{call}/lvq").get(router::waiting_time))
            .service(resource("/call/{call}/lvq/{name}").get(router::waiting_time))
            .service(resource("/help/call/lvq").get(router::help)),
    );
    app.service(
        web::scope(&format!("{prefix}/2/ewt"))
            .wrap(from_fn(auth::clients))
            .service(resource("/{method}").get(router::waiting_times)),
    );
    app.service(service_paths(&format!("{prefix}/1/service")))
        .service(
            web::scope(&format!("{prefix}/1/notification"))
                .wrap(from_fn(auth::clients))
                .service(resource("/stream/{device}").stream(devices::stream)),
        )
        .service(
            resource(&format!("{prefix}/1/document/service_template/{{template}}/{{path:.*}}"))
                .get(documents::read),
        )
        .service(
            web::scope(&format!("{prefix}/1/admin"))
                .wrap(from_fn(auth::admins))
                .service(resource("/callback/queues").get(admin::queues))
                .service(resource("/callback/abandonment").get(admin::abandonment))
                .service(resource("/lists/{list}/{section}").post(admin::set_list_values)),
        )
        .service(
            web::scope(&format!("{prefix}/1/agents"))
                .wrap(from_fn(auth::admins))
                .service(resource("").get(agents::list))
                .service(resource("/{agent}").get(agents::one).put(agents::put).delete(agents::remove))
                .service(resource("/{agent}/events").stream(agents::events))
                .service(resource("/{agent}/{command}").post(agents::command)),
        );
    simulator_paths(app);
    app.service(resource("/healthz").get(operations::alive))
        .service(resource("/readyz").get(operations::ready))
        .service(resource("/metrics").get(operations::metrics))
        .default_service(web::to(nothing_here));
}

fn callback_paths(path: &str, version: &str) -> impl HttpServiceFactory + 'static + use<> {
    let by_id = resource("/{service}/{id}").get(callbacks::read);
    let scope = web::scope(path).wrap(from_fn(auth::clients));
    if version == "2" {
        return scope.service(by_id);
    }
    scope
        .service(resource("").get(callbacks::find))
        .service(resource("/{service}").post(callbacks::start).get(callbacks::find_in_service))
        .service(by_id.delete(callbacks::cancel))
        .service(resource("/{service}/{id}/timeline").get(callbacks::timeline))
        .service(resource("/{service}/{id}/why").get(callbacks::why))
}

fn service_paths(path: &str) -> impl HttpServiceFactory + 'static + use<> {
    web::scope(path)
        .wrap(from_fn(auth::clients))
        .service(resource("/{service}").get(services::read).post(services::call).delete(services::end))
        .service(resource("/{id}/{request}").get_or_post(services::message))
}

fn orchestration_paths(app: &mut web::ServiceConfig, path: &str) {
    let at = |rest: &str| resource(&format!("{path}/session/{rest}"));
    let closed = || from_fn(auth::admins);
    app.service(at("start").post(orchestration::start).into_resource().wrap(closed()))
        .service(
            at("{session}/event/{name}").get_or_post(orchestration::event).into_resource().wrap(closed()),
        )
        .service(
            at("{session}/request/{name}")
                .get_or_post(orchestration::request)
                .into_resource()
                .wrap(from_fn(auth::admins_or_reply_key)),
        )
        .service(
            web::resource(format!("{path}/session/{{session}}/basichttp"))
                .wrap(closed())
                .route(web::route().to(orchestration::basic_http)),
        )
        .service(at("{session}/terminate").post(orchestration::terminate).into_resource().wrap(closed()))
        .service(at("{session}/query").get(orchestration::query).into_resource().wrap(closed()));
}

fn simulator_paths(app: &mut web::ServiceConfig) {
    app.service(resource("/simulator/clock").get(simulator::clock).post(simulator::advance))
        .service(resource("/simulator/customers/{number}").post(simulator::set_customer))
        .service(resource("/simulator/customers/{number}/hang-up").post(simulator::customer_hangs_up))
        .service(resource("/simulator/agents/{agent}").post(simulator::set_agent))
        .service(resource("/simulator/calls").get(simulator::calls).post(simulator::call))
        .service(resource("/simulator/dials").get(simulator::dials));
}

/// A path with its methods. Others are answered with 405 in our envelope, and the methods in `Allow`.
struct Methods {
    resource: Resource,
    allowed: Vec<Method>,
}

fn resource(path: &str) -> Methods {
    Methods { resource: web::resource(path), allowed: Vec::new() }
}

impl Methods {
    /// What is read; `HEAD` gets the same without the body.
    fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::GET, Method::HEAD], handler)
    }

    /// What keeps its connection: there is nothing to tell of it by `HEAD`.
    fn stream<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::GET], handler)
    }

    /// What acts, by either method; a `HEAD` must not act.
    fn get_or_post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::GET, Method::POST], handler)
    }

    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::POST], handler)
    }

    fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::PUT], handler)
    }

    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.take([Method::DELETE], handler)
    }

    fn take<const N: usize, F, Args>(mut self, methods: [Method; N], handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.allowed.extend_from_slice(&methods);
        let fits = guard::fn_guard(move |context| methods.contains(&context.head().method));
        self.resource = self.resource.route(web::route().guard(fits).to(handler));
        self
    }

    fn into_resource(self) -> Resource {
        let names: Vec<&str> = self.allowed.iter().map(Method::as_str).collect();
        let allow: Rc<str> = names.join(", ").into();
        self.resource.default_service(web::to(move |request: HttpRequest| {
            let allow = Rc::clone(&allow);
            async move {
                ErrorReply::method_not_allowed(request.method().as_str(), request.path(), &allow)
                    .error_response()
            }
        }))
    }
}

impl HttpServiceFactory for Methods {
    fn register(self, config: &mut AppService) {
        self.into_resource().register(config);
    }
}

async fn nothing_here(request: HttpRequest) -> actix_web::HttpResponse {
    ErrorReply::no_such_path(request.path()).error_response()
}

#[cfg(test)]
mod tests;
